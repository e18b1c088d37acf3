;; A start function that is not there.
;; expect: invalid: byte 0xa: unknown function 1
(module (start 1))

;; A call of a function that is not there.
;; expect: invalid: byte 0x17: unknown function 2 in call
(module (func call 2))

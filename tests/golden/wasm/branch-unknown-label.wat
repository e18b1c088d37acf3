;; A branch beyond the outermost block.
;; expect: invalid: byte 0x17: unknown label 3 in br
(module (func
  br 3))

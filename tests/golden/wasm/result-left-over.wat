;; A value left behind at the end of a block (3.3.8).
;; expect: invalid: byte 0x1b: type mismatch in end: expected the end of the stack, found 1 more values, the uppermost i32
(module (func
  block
    i32.const 1
  end))

;; A function that leaves a result of another type.
;; expect: invalid: byte 0x1a: type mismatch in end: expected f32, found i64
(module (func (result f32) (i64.const 0)))

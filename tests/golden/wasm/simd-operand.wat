;; A number where a vector should be.
;; expect: invalid: byte 0x2f: type mismatch in f32x4.add: expected v128, found f32
(module (func (result v128)
  (f32x4.add (v128.const i32x4 0 0 0 0) (f32.const 1))))

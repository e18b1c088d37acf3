;; A call with operands of other types.
;; expect: invalid: byte 0x27: type mismatch in call: expected f64, found f32
(module
  (func $f (param i32 f64))
  (func (call $f (i32.const 1) (f32.const 2))))

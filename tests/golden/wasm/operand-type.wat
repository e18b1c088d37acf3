;; An operand of another type (3.3.1).
;; expect: invalid: byte 0x23: type mismatch in i32.add: expected i32, found f64
(module (func (result i32)
  i32.const 1
  f64.const 2
  i32.add))

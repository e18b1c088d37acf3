;; An operand that is not there.
;; expect: invalid: byte 0x1a: type mismatch in i64.mul: expected i64, found nothing
(module (func (result i64)
  i64.const 1
  i64.mul))

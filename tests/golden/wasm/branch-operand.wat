;; A branch carries what its label takes.
;; expect: invalid: byte 0x1c: type mismatch in br: expected i32, found i64
(module (func (result i32)
  block (result i32)
    i64.const 1
    br 0
  end))

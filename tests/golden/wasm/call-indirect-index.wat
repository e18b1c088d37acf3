;; The operand that indexes the table is an i32.
;; expect: invalid: byte 0x1f: type mismatch in call_indirect: expected i32, found i64
(module
  (type $t (func))
  (table 1 funcref)
  (func (call_indirect (type $t) (i64.const 0))))

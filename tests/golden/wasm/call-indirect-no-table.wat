;; call_indirect without a table.
;; expect: invalid: byte 0x19: unknown table 0 in call_indirect
(module
  (type $t (func))
  (func (call_indirect (type $t) (i32.const 0))))

;; table.copy between tables of two types (3.3.6.6).
;; expect: invalid: byte 0x26: type mismatch in table.copy: from a table of externref to a table of funcref
(module
  (table $a 1 funcref)
  (table $b 1 externref)
  (func (table.copy $a $b (i32.const 0) (i32.const 0) (i32.const 0))))

;; call_indirect through a table of externref (3.3.8.11).
;; expect: invalid: byte 0x1f: type mismatch in call_indirect: expected a table of funcref, found one of externref
(module
  (type $t (func))
  (table 1 externref)
  (func (call_indirect (type $t) (i32.const 0))))

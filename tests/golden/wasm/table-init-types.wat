;; table.init of a segment of another type.
;; expect: invalid: byte 0x29: type mismatch in table.init: table of externref, segment of funcref
(module
  (table 1 externref)
  (elem func)
  (func (table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 0))))

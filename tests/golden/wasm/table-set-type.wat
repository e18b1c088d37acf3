;; A funcref into a table of externref.
;; expect: invalid: byte 0x21: type mismatch in table.set: expected externref, found funcref
(module (table 1 externref)
  (func (table.set 0 (i32.const 0) (ref.null func))))

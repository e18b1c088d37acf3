;; An element segment of another type than the table (3.4.5).
;; expect: invalid: byte 0x1b: type mismatch in element segment: table of externref, elements of funcref
(module (table 1 externref)
  (func $f)
  (elem (i32.const 0) func $f))

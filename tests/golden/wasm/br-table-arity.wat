;; All labels of a br_table take the same number of values (3.3.8.8).
;; expect: invalid: byte 0x1e: type mismatch in br_table: label 0 takes 0 values, the default label 1
(module (func (result i32)
  block
    i32.const 1
    i32.const 0
    br_table 0 1
  end
  i32.const 2))

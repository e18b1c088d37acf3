;; Labels of a br_table with as many values, but of other types.
;; expect: invalid: byte 0x1e: type mismatch in br_table: expected f32, found i32
(module (func (result i32)
  block (result f32)
    i32.const 1
    i32.const 0
    br_table 0 1
  end
  drop
  i32.const 2))

;; select of two types.
;; expect: invalid: byte 0x20: type mismatch in select: expected f32, found i32
(module (func
  i32.const 0
  f32.const 0
  i32.const 1
  select
  drop))

;; A value of another type into a local.
;; expect: invalid: byte 0x1b: type mismatch in local.set: expected f32, found i32
(module (func (local f32)
  i32.const 0
  local.set 0))

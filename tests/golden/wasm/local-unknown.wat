;; A local that is not there.
;; expect: invalid: byte 0x1a: unknown local 2 in local.get
(module (func (param i32) (local f32)
  local.get 2
  drop))

;; An if without else must have the same parameters and results (3.3.8.5).
;; expect: invalid: byte 0x1f: type mismatch in if without else: parameters and results differ
(module (func (param i32) (result i32)
  local.get 0
  if (result i32)
    i32.const 1
  end))

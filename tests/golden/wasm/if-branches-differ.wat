;; Both branches of an if leave its results.
;; expect: invalid: byte 0x25: type mismatch in end: expected i32, found f32
(module (func (param i32) (result i32)
  local.get 0
  if (result i32)
    i32.const 1
  else
    f32.const 1
  end))

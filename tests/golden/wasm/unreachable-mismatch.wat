;; … but what it states is checked (3.3.1, appendix 7.3).
;; expect: invalid: byte 0x1d: type mismatch in i32.eqz: expected i32, found f32
(module (func
  return
  f32.const 0
  i32.eqz
  drop))

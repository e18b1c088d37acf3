;; ref.is_null of a number.
;; expect: invalid: byte 0x19: type mismatch in ref.is_null: expected a reference, found i32
(module (func
  i32.const 0
  ref.is_null
  drop))

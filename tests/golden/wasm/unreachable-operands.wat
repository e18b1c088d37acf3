;; Unreachable code may pop anything …
;; expect: valid
(module (func (result i32)
  unreachable
  i32.add
  drop
  i64.eqz))

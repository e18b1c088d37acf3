;; select of references without a type (3.3.4.2).
;; expect: invalid: byte 0x1d: type mismatch in select: expected a number or vector, found externref; a select of references states its type
(module (func
  ref.null extern
  ref.null extern
  i32.const 1
  select
  drop))

;; A block takes its parameters from the stack and type-checks them.
;; expect: invalid: byte 0x1d: type mismatch in block: expected i32, found i64
(module (func
  i64.const 1
  block (param i32)
    drop
  end))

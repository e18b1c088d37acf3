;; An initialiser of another type.
;; expect: invalid: byte 0xf: type mismatch in constant expression: expected i64, found i32
(module (global i64 (i32.const 0)))

;; The start of a data segment is an i32.
;; expect: invalid: byte 0x13: type mismatch in constant expression: expected i32, found i64
(module (memory 1)
  (data (i64.const 0) "x"))

;; An active data segment without a memory (3.4.6).
;; expect: invalid: byte 0xb: unknown memory 0
(module (data (i32.const 0) "x"))

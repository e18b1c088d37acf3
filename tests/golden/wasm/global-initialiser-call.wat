;; An initialiser that is not constant (3.3.10).
;; expect: invalid: byte 0x18: constant expression required: call is not constant
(module (func $f (result i32) (i32.const 0))
  (global i32 (call $f)))

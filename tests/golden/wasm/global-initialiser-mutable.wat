;; An initialiser that reads a mutable global.
;; expect: invalid: byte 0x19: constant expression required: global 0 is mutable
(module (import "env" "g" (global (mut i32)))
  (global i32 (global.get 0)))

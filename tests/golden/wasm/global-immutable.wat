;; global.set of an immutable global (3.3.5.5).
;; expect: invalid: byte 0x21: global 0 is immutable
(module
  (global i32 (i32.const 1))
  (func i32.const 2
    global.set 0))

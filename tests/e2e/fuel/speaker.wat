;; Says one word a segment, so that what was printed tells which segments were paid for.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "one\0atwo\0a")
  (func $say (param $from i32)  ;; 11
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (i32.const 4))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "_start")       ;; 2 + 12, then 2 + 12
    (block (call $say (i32.const 64)))
    (block (call $say (i32.const 68)))))

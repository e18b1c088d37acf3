;; Ends itself by the signal that its only argument's first byte names: 'A' is signal 0, 'B' signal 1, …
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $args_get (i32.const 0) (i32.const 100)))
    (drop (call $proc_raise (i32.sub (i32.load8_u (i32.load (i32.const 4))) (i32.const 65))))
    ;; Only where the signal did not end it.
    (call $proc_exit (i32.const 77))))

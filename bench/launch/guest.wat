;; The guest of bench/launch and bench/boundary.
;;   _start                  writes the wall clock (8 bytes, ns) as its first act, then ends
;;   touch GROW COUNT STRIDE grows its memory to GROW pages of 64 KiB, then writes to COUNT places of it, STRIDE bytes apart;
;;                           yields the time of growing and writing, ns
;;   calls COUNT             makes COUNT host calls that do next to nothing (the host reads its clock); yields their time, ns
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $now (param $clock i32) (result i64)
    (drop (call $clock_time_get (local.get $clock) (i64.const 1) (i32.const 16)))
    (i64.load (i32.const 16)))

  (func (export "_start")
    (drop (call $now (i32.const 0)))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 8))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func (export "touch") (param $grow i32) (param $count i32) (param $stride i32) (result i64)
    (local $at i32) (local $start i64)
    (local.set $start (call $now (i32.const 1)))
    (if (i32.eq (memory.grow (i32.sub (local.get $grow) (i32.const 1))) (i32.const -1)) (then (unreachable)))
    (local.set $at (i32.const 65536))
    (loop $next
      (i32.store (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i64.sub (call $now (i32.const 1)) (local.get $start)))

  (func (export "calls") (param $count i32) (result i64)
    (local $start i64)
    (local.set $start (call $now (i32.const 1)))
    (loop $next
      (drop (call $now (i32.const 1)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i64.sub (call $now (i32.const 1)) (local.get $start))))

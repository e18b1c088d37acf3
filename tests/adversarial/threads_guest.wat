;; A guest for many threads at once. Each run grows its memory, works in it, calls the host in between, and looks whether everything is as
;; it left it; the result depends on the seed alone. Exports for other tests:
;;   trap     recurses until the stack is exhausted
;;   beyond   reads behind its memory
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 2)
  (global $calls (mut i32) (i32.const 0))

  (func $next (param $x i32) (result i32)
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))

  ;; Writes a pseudo-random word into every 64th byte from FROM to TO, or (CHECK) counts those that are not as written.
  (func $walk (param $from i32) (param $to i32) (param $seed i32) (param $check i32) (result i32)
    (local $wrong i32)
    (loop $again
      (local.set $seed (call $next (local.get $seed)))
      (if (local.get $check)
        (then (if (i32.ne (i32.load (local.get $from)) (local.get $seed))
                (then (local.set $wrong (i32.add (local.get $wrong) (i32.const 1))))))
        (else (i32.store (local.get $from) (local.get $seed))))
      (br_if $again (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 64))) (local.get $to))))
    (local.get $wrong))

  (func $host
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0)))
    (drop (call $yield)))

  (func (export "work") (param $seed i32) (result i32)
    (local $round i32) (local $from i32) (local $to i32) (local $wrong i32)
    (loop $again
      (local.set $from (i32.mul (memory.size) (i32.const 65536)))
      (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (return (i32.const -1))))
      (local.set $to (i32.mul (memory.size) (i32.const 65536)))
      (drop (call $walk (local.get $from) (local.get $to) (local.get $seed) (i32.const 0)))
      (call $host)
      (local.set $wrong (i32.add (local.get $wrong)
        (call $walk (local.get $from) (local.get $to) (local.get $seed) (i32.const 1))))
      (local.set $seed (call $next (local.get $seed)))
      (br_if $again (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 8))))
    (if (local.get $wrong) (then (return (i32.sub (i32.const 0) (local.get $wrong)))))
    (i32.add (local.get $seed) (global.get $calls)))

  (func $deep (export "trap") (result i32) (i32.add (call $deep) (i32.const 1)))
  (func (export "beyond") (result i32) (i32.load (i32.mul (memory.size) (i32.const 65536)))))

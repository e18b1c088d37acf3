;; A guest that would notice any change of its memory: fills 256 pages, asks the host for a write (at which the
;; host attacks), and then checks, changes and checks every page again. Says "?", then "right" or "wrong".
;; Exports for other attacks:
;;   beyond    reads the first byte behind its memory, which is a trap whatever the host does
;;   grow      grows its memory to 4 GiB and returns 1 if what it wrote before is still there
;;   scatter   touches COUNT pages, STRIDE bytes apart, of a memory of 4 GiB
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 33)
  (data (i32.const 32) "?right\0awrong\0a")
  (global $first i32 (i32.const 65536))
  (global $end i32 (i32.const 1114112))  ;; 256 pages further

  (func $say (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  ;; What page AT holds in round ROUND.
  (func $expected (param $at i32) (param $round i32) (result i32)
    (i32.mul (i32.add (i32.mul (local.get $at) (i32.const 0x9e3779b1)) (local.get $round)) (i32.const 0x85ebca6b)))

  (func $fill (param $round i32)
    (local $at i32)
    (local.set $at (global.get $first))
    (loop $next
      (i32.store (local.get $at) (call $expected (local.get $at) (local.get $round)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (global.get $end)))))

  (func $is_as_filled (param $round i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $first))
    (loop $next
      (if (i32.ne (i32.load (local.get $at)) (call $expected (local.get $at) (local.get $round)))
        (then (return (i32.const 0))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (global.get $end))))
    (i32.const 1))

  (func $check (result i32)
    (if (i32.eqz (call $is_as_filled (i32.const 1))) (then (return (i32.const 0))))
    (call $fill (i32.const 2))
    (call $is_as_filled (i32.const 2)))

  (func (export "_start")
    (call $fill (i32.const 1))
    (call $say (i32.const 32) (i32.const 1))
    (if (call $check)
      (then (call $say (i32.const 33) (i32.const 6)))
      (else (call $say (i32.const 39) (i32.const 6)))))

  (func (export "beyond") (result i32)
    (call $say (i32.const 32) (i32.const 1))
    (i32.load8_u (i32.shl (memory.size) (i32.const 16))))

  (func (export "grow") (result i32)
    (call $fill (i32.const 1))
    (call $say (i32.const 32) (i32.const 1))
    (if (i32.ne (memory.grow (i32.sub (i32.const 65536) (memory.size))) (i32.const 33)) (then (return (i32.const 0))))
    (call $say (i32.const 32) (i32.const 1))
    (i32.store (i32.const -4) (i32.const 7))
    (i32.and (i32.eq (i32.load (i32.const -4)) (i32.const 7)) (call $check)))

  (func (export "scatter") (param $count i32) (param $stride i32) (result i32)
    (local $at i32)
    (drop (memory.grow (i32.sub (i32.const 65536) (memory.size))))
    (local.set $at (i32.const 0x200000))
    (loop $next
      (i32.store (local.get $at) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (local.get $stride)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (memory.size)))

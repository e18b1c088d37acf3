;; The caller is a guest function too, which the upper halves of vector registers do not disturb.
;; has: vpaddd\s+.*\(%r\w+,%r\w+.*%ymm
;; lacks: vzeroupper
(module (memory 1)
  (func (export "f") (param $p i32) (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))

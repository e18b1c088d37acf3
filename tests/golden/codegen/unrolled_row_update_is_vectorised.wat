;; c[j] += a * b[j] as a guest's compiler leaves it: unrolled by two, which would otherwise be shuffled or stay scalar.
;; has: vmulpd\s+.*%ymm
;; has: vaddpd\s+.*%ymm
;; has: vmovupd\s+%ymm\d+, .*\(%r
;; lacks: vunpck|vperm|vshuf
(module (memory 1)
  (func (export "f") (param $c i32) (param $b i32) (param $n i32) (param $a f64)
    (loop $l
      (f64.store (local.get $c)
        (f64.add (f64.load (local.get $c)) (f64.mul (local.get $a) (f64.load (local.get $b)))))
      (f64.store offset=8 (local.get $c)
        (f64.add (f64.load offset=8 (local.get $c)) (f64.mul (local.get $a) (f64.load offset=8 (local.get $b)))))
      (local.set $c (i32.add (local.get $c) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))

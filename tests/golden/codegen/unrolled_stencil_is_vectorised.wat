;; b[i] = c * (a[i - 1] + a[i] + a[i + 1]) as a guest's compiler leaves it: two elements of `a` in registers, unrolled by two.
;; has: vaddpd\s+.*%ymm
;; has: vmulpd\s+.*%ymm
;; has: vmovupd\s+%ymm\d+, .*\(%r
(module (memory 4)
  (func (export "f") (param $a i32) (param $b i32) (param $n i32) (param $c f64)
    (local $x f64) (local $y f64) (local $u f64) (local $v f64)
    (local.set $x (f64.load (local.get $a)))
    (local.set $y (f64.load offset=8 (local.get $a)))
    (loop $l
      (f64.store (local.get $b)
        (f64.mul (local.get $c)
          (f64.add (f64.add (local.get $y) (local.get $x)) (local.tee $u (f64.load offset=16 (local.get $a))))))
      (f64.store offset=8 (local.get $b)
        (f64.mul (local.get $c)
          (f64.add (f64.add (local.get $y) (local.get $u)) (local.tee $v (f64.load offset=24 (local.get $a))))))
      (local.set $x (local.get $u))
      (local.set $y (local.get $v))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))

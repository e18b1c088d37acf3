;; z[i] = y[i] + c * y[k - 1 - i] as a guest's compiler leaves it: unrolled by two, the second index an exclusive or with what is left of -2 when it is scaled.
;; has: vmulpd\s+.*%ymm
;; has: vaddpd\s+.*%ymm
;; has: vpermpd|vperm2f128
(module (memory 4)
  (func (export "f") (param $y i32) (param $z i32) (param $k i32) (param $n i32) (param $c f64) (local $i i32)
    (loop $l
      (f64.store (i32.add (local.get $z) (i32.shl (local.get $i) (i32.const 3)))
        (f64.add (f64.load (i32.add (local.get $y) (i32.shl (local.get $i) (i32.const 3))))
          (f64.mul (local.get $c)
            (f64.load (i32.add (local.get $y)
              (i32.shl (i32.add (local.get $k) (i32.xor (local.get $i) (i32.const -1))) (i32.const 3)))))))
      (f64.store offset=8 (i32.add (local.get $z) (i32.shl (local.get $i) (i32.const 3)))
        (f64.add (f64.load offset=8 (i32.add (local.get $y) (i32.shl (local.get $i) (i32.const 3))))
          (f64.mul (local.get $c)
            (f64.load (i32.add (local.get $y)
              (i32.shl (i32.add (local.get $k) (i32.xor (local.get $i) (i32.const 0x1ffffffe))) (i32.const 3)))))))
      (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 2))) (local.get $n))))))

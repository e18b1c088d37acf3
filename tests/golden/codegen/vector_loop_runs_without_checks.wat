;; y[i] += a * x[i] as clang -msimd128 writes it: four lanes at a time, one addition to the counter, no mask, no cast.
;; has: vmulps\s
;; has: vaddps\s
;; has: vmovups\s+%xmm\d+, .*\(%r
;; lacks: vfmadd|vpshuf|vpermil|vpblend|vmovdq
(module (memory 1)
  (func (export "f") (param $y i32) (param $x i32) (param $n i32) (param $a f32)
    (loop $l
      (v128.store (local.get $y)
        (f32x4.add (v128.load (local.get $y))
                   (f32x4.mul (f32x4.splat (local.get $a)) (v128.load (local.get $x)))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))))

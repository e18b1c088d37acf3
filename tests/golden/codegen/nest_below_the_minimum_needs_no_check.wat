;; row[j] += a[i] * c[i][j] over constant bounds, all below the memory's minimum: no comparison with its size, a[i] loaded once a row.
;; has: vmulpd\s+.*%ymm
;; has: vaddpd\s+.*%ymm
;; count 1: vbroadcastsd\s+.*\(
;; lacks: cmp[ql]?\s+.*\(%r
;; lacks: \b(mov|movq)\s+24\(%r13\)
;; lacks: \bmulsd|vmulsd
(module (memory 4)
  (func (export "f")
    (local $i i32) (local $j i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $l
        (f64.store offset=1024 (i32.shl (local.get $j) (i32.const 3))
          (f64.add
            (f64.load offset=1024 (i32.shl (local.get $j) (i32.const 3)))
            (f64.mul (f64.load offset=4096 (i32.shl (local.get $i) (i32.const 3)))
              (f64.load offset=8192
                (i32.add (i32.mul (local.get $i) (i32.const 1280)) (i32.shl (local.get $j) (i32.const 3)))))))
        (br_if $l (i32.ne (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 160))))
      (br_if $rows (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 149))))))

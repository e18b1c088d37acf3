;; row[j] += a[i] * c[i][j] over constant bounds that divide by four: four rows are added in one pass over the vector of the row, which
;; is loaded once (folded into the first addition) and stored once.
;; count 4: vbroadcastsd\s+.*\(
;; count 8: vmulpd\s+.*\(.*%ymm
;; count 2: vaddpd\s+.*\(.*%ymm
;; count 2: vmovupd\s+%ymm
;; lacks: vmulsd
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
      (br_if $rows (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 152))))))

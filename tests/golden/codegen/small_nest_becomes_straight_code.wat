;; A triangle of pairs inside a loop, with constant counts: unrolled, its addresses are displacements and what is stored stays in
;; registers for the next pair.
;; has: vsqrtsd\s+%xmm
;; lacks: \(%r[a-z0-9]+,%r
;; lacks: imul
(module (memory 1)
  (func (export "f") (param $n i32)
    (local $i i32) (local $j i32)
    (loop $steps
      (local.set $i (i32.const 0))
      (loop $rows
        (local.set $j (i32.add (local.get $i) (i32.const 1)))
        (if (i32.lt_u (local.get $j) (i32.const 4))
          (then
            (loop $l
              (f64.store offset=1024 (i32.mul (local.get $i) (i32.const 24))
                (f64.sqrt
                  (f64.add
                    (f64.load offset=1024 (i32.mul (local.get $i) (i32.const 24)))
                    (f64.load offset=1032 (i32.mul (local.get $j) (i32.const 24))))))
              (br_if $l (i32.ne (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 4))))))
        (br_if $rows (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
      (br_if $steps (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))

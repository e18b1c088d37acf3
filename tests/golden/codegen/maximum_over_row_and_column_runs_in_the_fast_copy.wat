;; best = max(best, row[k] + column[k]) up to an end that moves with an outer loop, counted by pointers unrolled by two, as in nussinov:
;; vectorised, with the column's elements gathered one by one.
;; has: vpmaxsd\s+.*%[xy]mm
(module (memory 100)
  (func (export "f") (param $row i32) (param $column i32) (param $n i32) (param $best i32) (result i32)
    (local $p i32) (local $q i32) (local $end i32)
    (local.set $end (local.get $row))
    (loop $outer
      (local.set $end (i32.add (local.get $end) (i32.const 8)))
      (local.set $p (local.get $row))
      (local.set $q (local.get $column))
      (loop $l
        (local.set $best (select (local.get $best) (i32.add (i32.load (local.get $p)) (i32.load (local.get $q)))
          (i32.gt_s (local.get $best) (i32.add (i32.load (local.get $p)) (i32.load (local.get $q))))))
        (local.set $best (select (local.get $best)
          (i32.add (i32.load offset=4 (local.get $p)) (i32.load offset=4400 (local.get $q)))
          (i32.gt_s (local.get $best) (i32.add (i32.load offset=4 (local.get $p)) (i32.load offset=4400 (local.get $q))))))
        (local.set $q (i32.add (local.get $q) (i32.const 8800)))
        (br_if $l (i32.ne (local.get $end) (local.tee $p (i32.add (local.get $p) (i32.const 8))))))
      (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $best)))

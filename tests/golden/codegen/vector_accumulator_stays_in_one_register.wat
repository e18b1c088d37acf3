;; A sum carried around a loop in a v128 local: no move between registers, no cast of its lanes.
;; has: vpaddd\s+.*\(%r
;; lacks: vmovdq|vmovap|vmovup|vpshuf
(module (memory 1)
  (func (export "f") (param $p i32) (param $n i32) (result v128) (local $sum v128)
    (loop $l
      (local.set $sum (i32x4.add (local.get $sum) (v128.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))

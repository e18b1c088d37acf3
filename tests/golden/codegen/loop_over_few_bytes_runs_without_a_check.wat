;; A versioned loop over bytes runs as it is when it has fewer than 16 rounds: the range check comes after that comparison. Nothing else here
;; compares with 15, as this loop cannot be vectorised.
;; count 1: cmp[lq]\s+\$15, %
(module (memory 1)
  (func (export "f") (param $p i32) (param $n i32) (param $hash i32) (result i32)
    (loop $l
      (local.set $hash
        (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $p))) (i32.const 16777619)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $hash)))

;; There is no library to call: the loop becomes vector stores.
;; has: vmovups\s+%ymm|vmovdqu\s+%ymm|vmovupd\s+%ymm
;; lacks: call
(module (memory 1)
  (func (export "f") (param $p i32) (param $n i32)
    (loop $l
      (i32.store (local.get $p) (i32.const 0))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))

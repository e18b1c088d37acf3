;; memory.copy of a short constant length: loads, a look at the last byte of the target, stores; no call.
;; lacks: call
;; count 3: vmovups\s+.*\(.*, %xmm
;; count 3: vmovups\s+%xmm
(module (memory 1)
  (func (export "f") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 52))))

;; A vector operand in memory is part of the instruction, with base, index and offset.
;; count 1: vpaddd\s+16\(%r\w+,%r\w+\)
;; lacks: vmovdq|vmovup
(module (memory 1)
  (func (export "f") (param i32 v128) (result v128)
    (i32x4.add (local.get 1) (v128.load offset=16 (local.get 0)))))

;; memory.init of a segment that is not there.
;; expect: invalid: byte 0x25: unknown data segment 1 in memory.init
(module (memory 1)
  (data "x")
  (func (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 0))))

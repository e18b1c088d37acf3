;; The runtime is SSE code.
;; count 1: vzeroupper
;; count 1: call
(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 1))))

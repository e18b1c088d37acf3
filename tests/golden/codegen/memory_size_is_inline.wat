;; Two loads: the descriptor, and of its size the bytes that count pages.
;; count 2: mov
;; lacks: call
(module (memory 1) (func (export "f") (result i32) (memory.size)))

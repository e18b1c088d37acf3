;; A vector load may trap, so it stays although nobody wants its value; all 16 bytes of it.
;; has: (v\w+\s.*\(%r\w+,%r\w+\).*%xmm)
(module (memory 1)
  (func (export "f") (param i32)
    (drop (v128.load (local.get 0)))))

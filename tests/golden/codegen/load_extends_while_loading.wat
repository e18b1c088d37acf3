;; has: movsbq\s+\(%r\w+,%r\w+\), %rax
;; lacks: movsx|cltq
(module (memory 1)
  (func (export "f") (param i32) (result i64) (i64.load8_s (local.get 0))))

;; has: mov\w*\s+\(%r\w+,%r\w+\)
(module (memory 1)
  (func (export "f") (param i32) (drop (i32.load (local.get 0)))))

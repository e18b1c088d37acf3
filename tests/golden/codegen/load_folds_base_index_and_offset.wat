;; An access is one instruction: base, zero-extended index and offset fold into its addressing mode.
;; has: movl\s+16\(%r\w+,%r\w+\), %eax
;; lacks: add|lea
;; lacks: cmp
(module (memory 1)
  (func (export "f") (param i32) (result i32) (i32.load offset=16 (local.get 0))))

;; Nobody writes the table, and the functions of the type lie together: the index is compared with their range, no type is loaded on the way to
;; the call (only on that to the trap), and the context stays what it is.
;; count 1: callq\s+\*
;; has: leal\s+-1\(%r
;; lacks: movq\s+8\(%r\w+\), %r13
(module (table 3 funcref) (elem (i32.const 1) $a $b)
  (type $t (func (param i32) (result i32)))
  (func $a (type $t) (i32.add (local.get 0) (i32.const 7)))
  (func $b (type $t) (i32.add (local.get 0) (i32.const 9)))
  (func (export "f") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1))))

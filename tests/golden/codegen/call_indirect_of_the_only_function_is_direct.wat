;; Nobody writes the table, and one function in it has the type: one comparison, of the index, and a direct call. (The other comparisons are
;; on the way to the trap.)
;; count 1: callq
;; lacks: callq\s+\*
;; has: cmpl\s+\$1, %e
(module (table 3 funcref) (elem (i32.const 0) $other $callee $other)
  (type $t (func (param i32) (result i32)))
  (func $callee (type $t) (i32.add (local.get 0) (i32.const 7)))
  (func $other)
  (func (export "f") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1))))

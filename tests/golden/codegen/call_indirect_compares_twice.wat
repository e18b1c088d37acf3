;; Index against size, type against type: a null record fails the second as well. (The third is on the way to the trap.)
;; count 1: cmpl\s+%e\w+, 8\(
;; count 3: cmp
;; count 3: ud1
;; has: callq\s+\*
(module (table (export "t") 4 funcref) (type $t (func (param i32) (result i32)))
  (func (export "f") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1))))

;; lacks: ud1
;; lacks: idiv
(module (func (export "f") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 10))))

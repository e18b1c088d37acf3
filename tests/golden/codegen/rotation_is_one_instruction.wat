;; has: ro[lr]\w+|rorx\w+
;; lacks: shr|shl|sal|ud1
(module (func (export "f") (param i32) (result i32) (i32.rotl (local.get 0) (i32.const 7))))

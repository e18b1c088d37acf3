;; A call inside the instance costs nothing for the context, which stays in R13.
;; count 1: callq\s+-?\d+
;; lacks: r13
(module
  (func $callee (export "callee") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.mul (local.get 0) (call $callee (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "f") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.xor (i32.const 5) (call $callee (i32.sub (local.get 0) (i32.const 1))))))))

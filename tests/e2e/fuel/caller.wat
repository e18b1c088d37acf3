;; Calls another module's function: both count.
(module
  (import "lib" "loop" (func $loop (param i32) (result i32)))
  (func (export "both") (param i32) (result i32) (i32.add (call $loop (local.get 0)) (i32.const 1))))  ;; 4, and the other's

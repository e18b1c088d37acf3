;; A frame on the guest's own stack costs a load and two stores of its stack pointer.
;; count 1: movl\s+\d+\(%r13\), %(e|r)
;; count 2: movl\s+%(e\w+|r\d+d), \d+\(%r\w+\)$
(module (import "a" "b" (func $b (param i32))) (memory 1) (global $sp (mut i32) (i32.const 1024))
  (func (export "f") (local $frame i32)
    (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 32))))
    (call $b (local.get $frame))
    (global.set $sp (i32.add (local.get $frame) (i32.const 32)))))

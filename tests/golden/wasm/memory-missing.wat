;; An access to memory in a module without one.
;; expect: invalid: byte 0x1a: unknown memory 0 in i32.load
(module (func (result i32) (i32.load (i32.const 0))))

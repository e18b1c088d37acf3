;; An export of what is not there.
;; expect: invalid: byte 0xb: unknown memory 0
(module (export "memory" (memory 0)))

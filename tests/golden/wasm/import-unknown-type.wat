;; An import of a function with a type that is not there.
;; expect: invalid: byte 0xb: unknown type 3
(module (import "env" "f" (func (type 3))))

;; A minimum beyond the maximum (3.2.1).
;; expect: invalid: byte 0xb: size minimum must not be greater than maximum in the limits of a memory
(module (memory 2 1))

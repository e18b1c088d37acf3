;; A minimum beyond the maximum.
;; expect: invalid: byte 0xb: size minimum must not be greater than maximum in the limits of a table
(module (table 11 10 funcref))

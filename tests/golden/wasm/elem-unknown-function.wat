;; An element that is not there.
;; expect: invalid: byte 0x11: unknown function 4 as element 0 of the segment
(module (table 1 funcref)
  (elem (i32.const 0) func 4))

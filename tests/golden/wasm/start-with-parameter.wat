;; A start function with a parameter (3.4.9).
;; expect: invalid: byte 0x15: start function must have neither parameters nor results
(module (func $f (param i32))
  (start $f))

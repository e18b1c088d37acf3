;; The range of constant indices is checked when compiling.
;; count 1: vpshufb
;; lacks: vpaddus
(module
  (func (export "f") (param $a v128) (result v128)
    (i8x16.swizzle (local.get $a) (v128.const i8x16 15 3 14 2 13 1 12 0 11 7 10 6 9 5 8 99))))

;; Operators that x86 has: one instruction each.
;; count 1: vpavgb
;; count 1: vpacksswb
;; count 1: vpackusdw
;; count 1: vpmaddwd
;; count 1: vminps
;; count 1: vmaxpd
;; count 1: vroundps
;; count 1: vpaddusw
;; count 1: vpabsd
;; lacks: vcmp|vblend|call
(module
  (func (export "f") (param $a v128) (param $b v128) (result v128) (local $c v128)
    (local.set $c (i8x16.avgr_u (local.get $a) (local.get $b)))
    (local.set $c (i8x16.narrow_i16x8_s (local.get $c) (local.get $b)))
    (local.set $c (i16x8.narrow_i32x4_u (local.get $c) (local.get $b)))
    (local.set $c (i32x4.dot_i16x8_s (local.get $c) (local.get $b)))
    (local.set $c (f32x4.pmin (local.get $c) (local.get $b)))
    (local.set $c (f64x2.pmax (local.get $c) (local.get $b)))
    (local.set $c (f32x4.nearest (local.get $c)))
    (local.set $c (i16x8.add_sat_u (local.get $c) (local.get $b)))
    (i32x4.abs (local.get $c))))

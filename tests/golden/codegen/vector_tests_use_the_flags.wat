;; Tests of all lanes go by ptest and pmovmskb, not lane by lane.
;; has: vptest
;; count 1: vpmovmskb
;; lacks: vpextr|vpinsr
(module
  (func (export "f") (param $a v128) (result i32)
    (if (v128.any_true (local.get $a)) (then (return (i8x16.bitmask (local.get $a)))))
    (i32.const -1)))

;; count 1: vroundsd\s+\$8
;; lacks: call
(module (func (export "f") (param f64) (result f64) (f64.nearest (local.get 0))))

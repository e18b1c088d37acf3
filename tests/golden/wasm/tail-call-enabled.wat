;; … and where it is.
;; features: tail_call
;; expect: valid
(module (func $f return_call $f))

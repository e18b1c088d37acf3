;; … and of one that a declarative segment names.
;; expect: valid
(module (func $f)
  (elem declare func $f)
  (func ref.func $f
    drop))

;; ref.func of a function that is named nowhere else (3.3.2.3).
;; expect: invalid: byte 0x1b: undeclared function reference: function 0 occurs in no export, element segment or global
(module (func $f)
  (func ref.func $f
    drop))

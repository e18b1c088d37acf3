;; A global that is not there.
;; expect: invalid: byte 0x17: unknown global 0 in global.get
(module (func
  global.get 0
  drop))

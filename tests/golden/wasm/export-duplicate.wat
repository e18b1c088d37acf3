;; Two exports of one name (3.4.10).
;; expect: invalid: byte 0x23: duplicate export name "run"
(module
  (func (export "run"))
  (global (export "run") i32 (i32.const 0)))

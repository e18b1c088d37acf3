;; An alignment beyond the access's width (3.3.7).
;; expect: invalid: byte 0x1e: alignment must not be larger than natural in i64.load32_u
(module (memory 1)
  (func (drop (i64.load32_u align=8 (i32.const 0)))))

;; A lane of a load, by the width of what is loaded.
;; expect: invalid: byte 0x31: invalid lane index 2 in v128.load64_lane: must be below 2
(module (memory 1) (func (result v128)
  (v128.load64_lane 2 (i32.const 0) (v128.const i32x4 0 0 0 0))))

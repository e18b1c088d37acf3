;; A lane that the vector does not have (3.3.3).
;; expect: invalid: byte 0x2a: invalid lane index 4 in i32x4.extract_lane: must be below 4
(module (func (result i32)
  (i32x4.extract_lane 4 (v128.const i32x4 0 0 0 0))))

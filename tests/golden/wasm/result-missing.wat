;; A function that does not leave its result (3.4.1).
;; expect: invalid: byte 0x18: type mismatch in end: expected i32, found nothing
(module (func (result i32)))

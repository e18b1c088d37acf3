;; elem.drop of a segment that is not there.
;; expect: invalid: byte 0x17: unknown element segment 0 in elem.drop
(module (func (elem.drop 0)))

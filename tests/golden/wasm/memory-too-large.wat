;; A memory beyond 4 GiB (3.2.5).
;; expect: invalid: byte 0xb: memory size must be at most 65536 pages (4GiB)
(module (memory 65537))

;; Each export's fuel is counted by hand: one unit an operator; block, loop, else, end and nop are free.
(module
  (type $pair (func (param i32 i32) (result i32)))
  (memory 2)
  (table $t 32 funcref)
  (elem (table $t) (i32.const 0) func $add $twice)
  (elem $spare func $add $add $add $add $add $add $add $add $add $add $add $add $add $add $add $add $add)
  (data $text "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
  (global $seen (mut i32) (i32.const 0))

  (func $add (type $pair) (i32.add (local.get 0) (local.get 1)))                           ;; 3
  (func $twice (type $pair) (call $add (call $add (local.get 0) (local.get 0)) (local.get 1)))  ;; 5 + 2 * 3

  (func (export "nothing"))                                                                ;; 0
  (func (export "nops") nop nop (block nop) (loop nop))                                    ;; 0
  (func (export "straight") (result i32) (i32.add (i32.const 1) (i32.const 2)))            ;; 3
  (func (export "drop") (drop (i32.const 1)))                                              ;; 2
  (func (export "if") (param i32) (result i32)                                             ;; 2 + 1, or 2 + 3
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.mul (i32.const 2) (i32.const 3)))))
  (func (export "br_if") (param i32) (result i32)                                          ;; 3, and 2 more when not taken
    (block (result i32) (br_if 0 (i32.const 7) (local.get 0)) drop (i32.const 8)))
  (func (export "br_table") (param i32) (result i32)                                       ;; 2, then 2, 4 or 1
    (block $default
      (block $one
        (block $zero (br_table $zero $one $default (local.get 0)))
        (return (i32.const 10)))
      (drop (i32.const 1)) (return (i32.const 11)))
    (i32.const 12))
  (func $loop (export "loop") (param $n i32) (result i32) (local $sum i32)                 ;; 9 * n + 1
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "endless") (loop $again (br $again)))                                      ;; 1 each time round
  (func (export "call") (result i32) (call $twice (i32.const 3) (i32.const 4)))            ;; 3 + 11
  (func (export "call_indirect") (param i32) (result i32)                                  ;; 4 + 3, or 4 + 11
    (call_indirect (type $pair) (i32.const 3) (i32.const 4) (local.get 0)))
  (func $down (export "tail") (param $n i32) (result i32)                                  ;; 7 * n + 5
    (if (i32.eqz (local.get $n)) (then (return (i32.const 5))))
    (return_call $down (i32.sub (local.get $n) (i32.const 1))))
  (func $recurse (export "recurse") (param $n i32) (result i32)                            ;; 8 * n + 3
    (if (result i32) (local.get $n)
      (then (i32.add (local.get $n) (call $recurse (i32.sub (local.get $n) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "fill") (param $n i32) (memory.fill (i32.const 0) (i32.const 7) (local.get $n)))  ;; 4 + n / 64
  (func (export "copy") (param $n i32) (memory.copy (i32.const 1) (i32.const 0) (local.get $n)))  ;; 4 + n / 64
  (func (export "init") (param $n i32) (memory.init $text (i32.const 0) (i32.const 0) (local.get $n)))  ;; 4 + n / 64
  (func (export "table_fill") (param $n i32) (table.fill $t (i32.const 2) (ref.null func) (local.get $n)))  ;; 4 + n / 8
  (func (export "table_copy") (param $n i32) (table.copy $t $t (i32.const 2) (i32.const 0) (local.get $n)))  ;; 4 + n / 8
  (func (export "table_init") (param $n i32) (table.init $t $spare (i32.const 2) (i32.const 0) (local.get $n)))  ;; 4 + n / 8
  (func (export "table_grow") (param $n i32) (drop (table.grow $t (ref.null func) (local.get $n))))  ;; 4 + n / 8
  (func (export "is_null") (result i32) (ref.is_null (table.get $t (i32.const 9))))        ;; 3
  (func (export "unreachable") (drop (i32.const 1)) unreachable)                           ;; 3, with the trap
  (func (export "divide") (param i32) (result i32)                                         ;; 5, of which a trap leaves none
    (i32.add (i32.div_u (i32.const 1) (local.get 0)) (i32.const 1)))
  (func (export "load") (param i32) (result i32)                                           ;; 4, likewise
    (i32.add (i32.load (local.get 0)) (i32.const 1)))
  (func (export "sum") (param $n i32) (result i32) (local $i i32) (local $sum i32)         ;; 15 * n + 1; vectorised from -O2 on
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.ne (local.get $i) (local.get $n))))
    (local.get $sum))
  (func (export "walk") (param $n i32) (local $i i32)                                      ;; 11 a turn: stores until it leaves the memory
    (loop $again
      (i32.store (local.get $i) (local.get $n))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $again (i32.ne (local.get $i) (local.get $n)))))
)

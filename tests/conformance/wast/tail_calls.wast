;; Tail calls (WebAssembly 3.0): return_call and return_call_indirect leave no frame behind, whatever the arguments.
(module
  ;; A million calls fit no stack.
  (func $count (export "count") (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 42))
      (else (return_call $count (i64.sub (local.get 0) (i64.const 1))))))

  ;; Between functions of different arity, with arguments on the stack.
  (func $few (export "few") (param $n i64) (param $a i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $a))))
    (return_call $many (i64.sub (local.get $n) (i64.const 1)) (local.get $a) (i64.const 1) (i64.const 2) (i64.const 3)
      (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))
  (func $many (param $n i64) (param $a i64) (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (i64.add (local.get $a) (local.get 9)))))
    (return_call $few (i64.sub (local.get $n) (i64.const 1))
      (i64.add (local.get $a) (i64.sub (local.get 9) (local.get 8)))))

  ;; Floats and vectors, several results.
  (func $mixed (export "mixed") (param $n i32) (param f64 v128 f32) (result f64 i64 f32)
    (if (i32.eqz (local.get $n))
      (then (return (local.get 1) (i64x2.extract_lane 1 (local.get 2)) (local.get 3))))
    (return_call $mixed (i32.sub (local.get $n) (i32.const 1)) (f64.add (local.get 1) (f64.const 0.5))
      (i64x2.add (local.get 2) (v128.const i64x2 1 2)) (f32.add (local.get 3) (f32.const 1))))
  (func (export "call-mixed") (param $n i32) (result f64 i64 f32)
    (call $mixed (local.get $n) (f64.const 1) (v128.const i64x2 0 0) (f32.const 0)))

  ;; Through a table: odd and even, and one that makes no tail call itself.
  (type $parity (func (param i64) (result i32)))
  (table funcref (elem $even $odd $plain $other))
  (func $even (type $parity)
    (if (i64.eqz (local.get 0)) (then (return (i32.const 1))))
    (return_call_indirect (type $parity) (i64.sub (local.get 0) (i64.const 1)) (i32.const 1)))
  (func $odd (type $parity)
    (if (i64.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call_indirect (type $parity) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))
  (func $plain (type $parity) (i32.wrap_i64 (i64.mul (local.get 0) (i64.const 3))))
  (func $other (param f32))
  (func (export "even") (param i64) (result i32) (return_call $even (local.get 0)))
  (func (export "by-index") (param i64 i32) (result i32)
    (return_call_indirect (type $parity) (local.get 0) (local.get 1)))

  ;; A caller's own values survive a call of a function that calls in tail position.
  (func (export "around") (param i64 i64) (result i64)
    (i64.add (local.get 0) (i64.add (call $few (local.get 1) (i64.const 0)) (local.get 0))))

  ;; In dead code and nested blocks.
  (func (export "nested") (param i32) (result i64)
    (block (loop (br_if 1 (i32.eqz (local.get 0))) (return_call $count (i64.const 3))))
    (i64.const 7)
    (return)
    (return_call $count (i64.const 1)))

  (func $traps (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "trap-behind") (param i32) (result i32) (return_call $traps (local.get 0)))
  (func $nothing (export "nothing") (param i32)
    (if (local.get 0) (then (return_call $nothing (i32.sub (local.get 0) (i32.const 1)))))))

(assert_return (invoke "count" (i64.const 0)) (i64.const 42))
(assert_return (invoke "count" (i64.const 1000000)) (i64.const 42))
(assert_return (invoke "few" (i64.const 1) (i64.const 10)) (i64.const 18))
(assert_return (invoke "few" (i64.const 1000000) (i64.const 0)) (i64.const 500000))
(assert_return (invoke "few" (i64.const 1000001) (i64.const 0)) (i64.const 500008))
(assert_return (invoke "call-mixed" (i32.const 0)) (f64.const 1) (i64.const 0) (f32.const 0))
(assert_return (invoke "call-mixed" (i32.const 100000)) (f64.const 50001) (i64.const 200000) (f32.const 100000))
(assert_return (invoke "even" (i64.const 1000000)) (i32.const 1))
(assert_return (invoke "even" (i64.const 1000001)) (i32.const 0))
(assert_return (invoke "by-index" (i64.const 5) (i32.const 2)) (i32.const 15))
(assert_trap (invoke "by-index" (i64.const 5) (i32.const 3)) "indirect call type mismatch")
(assert_trap (invoke "by-index" (i64.const 5) (i32.const 4)) "undefined element")
(assert_return (invoke "around" (i64.const 100) (i64.const 10)) (i64.const 205))
(assert_return (invoke "nested" (i32.const 1)) (i64.const 42))
(assert_return (invoke "nested" (i32.const 0)) (i64.const 7))
(assert_trap (invoke "trap-behind" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "nothing" (i32.const 1000000)))

;; Across modules: neither grows the stack, and each sees its own globals.
(module $ping
  (type $step (func (param i64) (result i64)))
  (table (export "table") 2 funcref)
  (global $mine (mut i64) (i64.const 1))
  (func (export "ping") (param i64) (result i64)
    (global.set $mine (i64.add (global.get $mine) (i64.const 1)))
    (if (i64.eqz (local.get 0)) (then (return (global.get $mine))))
    (return_call_indirect (type $step) (i64.sub (local.get 0) (i64.const 1)) (i32.const 1))))
(register "ping" $ping)
(module $pong
  (import "ping" "ping" (func $ping (param i64) (result i64)))
  (import "ping" "table" (table 2 funcref))
  (global $mine (mut i64) (i64.const 1000000000))
  (func $pong (export "pong") (param i64) (result i64)
    (global.set $mine (i64.add (global.get $mine) (i64.const 1)))
    (if (i64.eqz (local.get 0)) (then (return (global.get $mine))))
    (return_call $ping (i64.sub (local.get 0) (i64.const 1))))
  (elem (i32.const 1) $pong))
(assert_return (invoke $pong "pong" (i64.const 1000000)) (i64.const 1000500001))
(assert_return (invoke $ping "ping" (i64.const 2)) (i64.const 500003))

;; A host function in tail position.
(module
  (import "spectest" "print_i32" (func $print (param i32)))
  (func (export "print") (param i32) (return_call $print (local.get 0))))
(assert_return (invoke "print" (i32.const 3)))

(assert_invalid (module (func $f (result i64) (i64.const 0)) (func (result i32) (return_call $f))) "type mismatch")

// No trapping operation is deleted, invented or moved over an effect that can be seen afterwards, at any
// level. Each test looks at memory, globals and host calls from outside, after the trap.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/both_levels.h"

namespace twine::test {
namespace {

using abi::TrapKind;

class ExactTraps : public testing::TestWithParam<int> {
 protected:
  // A module with one page of memory, an exported global and these functions.
  Instance& make(const std::string& functions) {
    auto made = host_.instantiate(assemble(R"((module
      (import "host" "note" (func $note (param i32)))
      (memory (export "memory") 1)
      (global $g (export "g") (mut i32) (i32.const 0))
      )" + functions + ")"));
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *made->instance;
  }

  void SetUp() override {
    host_.add_function("host", "note", {{wasm::ValueType::i32}, {}}, [this](const Values& arguments) {
      notes_.push_back(static_cast<uint32_t>(arguments[0].low));
      return Values{};
    });
  }

  static Values values(std::initializer_list<uint64_t> list) {
    Values result;
    for (const uint64_t value : list) result.push_back({value, 0});
    return result;
  }

  static TrapKind trap_of(const Outcome& outcome) {
    const Trap* trap = std::get_if<Trap>(&outcome);
    EXPECT_NE(trap, nullptr) << "did not trap";
    return trap == nullptr ? TrapKind::exit : trap->kind;
  }

  static uint32_t word(Instance& instance, uint32_t address) {
    uint32_t value = 0;
    std::ranges::copy(instance.memory().subspan(address, 4), reinterpret_cast<uint8_t*>(&value));
    return value;
  }

  Host host_{options_at(GetParam())};
  std::vector<uint32_t> notes_;
};

INSTANTIATE_TEST_SUITE_P(Level, ExactTraps, testing::Values(0, 1, 2, 3),
                         [](const auto& info) { return "O" + std::to_string(info.param); });

TEST_P(ExactTraps, KeepsALoadWhoseResultIsDropped) {
  Instance& instance = make("(func (export \"f\") (param i32) (drop (i32.load (local.get 0))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65533}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_TRUE(std::holds_alternative<Values>(instance.invoke("f", values({65532}))));
}

TEST_P(ExactTraps, KeepsDivisionsAndConversionsWhoseResultsAreDropped) {
  Instance& instance = make(R"(
    (func (export "div") (param i32 i32) (drop (i32.div_s (local.get 0) (local.get 1))))
    (func (export "rem") (param i64 i64) (drop (i64.rem_u (local.get 0) (local.get 1))))
    (func (export "trunc") (param f64) (drop (i32.trunc_f64_s (local.get 0)))))");
  EXPECT_EQ(trap_of(instance.invoke("div", values({1, 0}))), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(trap_of(instance.invoke("div", values({0x8000'0000, 0xffff'ffff}))), TrapKind::integer_overflow);
  EXPECT_EQ(trap_of(instance.invoke("rem", values({1, 0}))), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(trap_of(instance.invoke("trunc", values({0x7ff8'0000'0000'0000}))),
            TrapKind::invalid_conversion_to_integer);
  EXPECT_EQ(trap_of(instance.invoke("trunc", values({0x7ff0'0000'0000'0000}))), TrapKind::integer_overflow);
}

TEST_P(ExactTraps, KeepsACallThatDoesNothingButTrap) {
  Instance& instance = make(R"(
    (func $divides (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func $loads (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "f") (param i32) (drop (call $divides (local.get 0))))
    (func (export "g2") (param i32) (drop (call $loads (local.get 0)))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({0}))), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(trap_of(instance.invoke("g2", values({70000}))), TrapKind::out_of_bounds_memory_access);
}

TEST_P(ExactTraps, ShowsTheStoresBeforeATrappingLoadAndNoneAfter) {
  Instance& instance = make(R"((func (export "f") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 8) (i32.const 2))
    (i32.load (local.get 0))
    (i32.store (i32.const 0) (i32.const 3))
    (i32.store (i32.const 16) (i32.const 4))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65536}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(word(instance, 0), 1);
  EXPECT_EQ(word(instance, 8), 2);
  EXPECT_EQ(word(instance, 16), 0);
}

TEST_P(ExactTraps, ShowsTheStoresBeforeATrapByABranchAndNoneAfter) {
  Instance& instance = make(R"((func (export "f") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1))
    (global.set $g (i32.const 7))
    (i32.rem_s (i32.const 5) (local.get 0))
    (i32.store (i32.const 0) (i32.const 3))
    (global.set $g (i32.const 8))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({0}))), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(word(instance, 0), 1);
  EXPECT_EQ(instance.global("g").low, 7);
}

TEST_P(ExactTraps, ShowsTheGlobalAsItWasAtTheTrap) {
  Instance& instance = make(R"((func (export "f") (param i32) (result i32)
    (global.set $g (i32.const 1))
    (drop (i32.load (local.get 0)))
    (global.set $g (i32.const 2))
    (drop (i32.load offset=4 (local.get 0)))
    (global.set $g (i32.const 3))
    (global.get $g)))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65536}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(instance.global("g").low, 1);
  EXPECT_EQ(trap_of(instance.invoke("f", values({65532}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(instance.global("g").low, 2);
}

TEST_P(ExactTraps, ShowsAStoreThatALoadProvenEarlierCouldPass) {
  // The second load of the index is covered by the first, but must not move before the global is written.
  Instance& instance = make(R"((func (export "f") (param i32) (result i32)
    (global.set $g (i32.const 5))
    (i32.add (i32.load offset=4 (local.get 0)) (i32.load (local.get 0)))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65536}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(instance.global("g").low, 5);
}

TEST_P(ExactTraps, WritesNothingOfAStoreThatReachesOverTheEnd) {
  Instance& instance =
      make("(func (export \"f\") (param i32) (i64.store (local.get 0) (i64.const 0x1111111111111111)))");
  for (uint64_t address = 65529; address < 65536; ++address) {
    EXPECT_EQ(trap_of(instance.invoke("f", values({address}))), TrapKind::out_of_bounds_memory_access);
  }
  EXPECT_TRUE(std::ranges::all_of(instance.memory(), [](uint8_t byte) { return byte == 0; }));
}

TEST_P(ExactTraps, MakesTheCallsBeforeATrapAndNoneAfter) {
  Instance& instance = make(R"((func (export "f") (param i32)
    (call $note (i32.const 1))
    (drop (i32.load (local.get 0)))
    (call $note (i32.const 2))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({0xffff'ffff}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(notes_, std::vector<uint32_t>({1}));
}

TEST_P(ExactTraps, FillsMemoryUpToItsEndInALoopThatRunsOverIt) {
  Instance& instance = make(R"((func (export "f") (param $p i32) (param $n i32)
    (loop $l
      (i32.store (local.get $p) (i32.const 0x01010101))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65536 - 400, 101}))), TrapKind::out_of_bounds_memory_access);
  const auto memory = instance.memory();
  EXPECT_EQ(std::ranges::count(memory, 1), 400);
  EXPECT_EQ(memory[65535], 1);
}

// Short loops run without the range check, long ones with it: at 16 rounds of bytes one becomes the other.
TEST_P(ExactTraps, FillsUpToTheEndWhateverTheNumberOfRounds) {
  auto& instance = make(R"((func (export "f") (param $p i32) (param $n i32)
    (loop $l
      (i32.store8 (local.get $p) (i32.const 7))
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "fill") (param $p i32) (param $n i32)
    (loop $l
      (i32.store8 (local.get $p) (i32.const 7))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))");
  const std::span<uint8_t> memory = instance.memory();
  for (const char* const name : {"f", "fill"}) {
    for (uint64_t rounds = 1; rounds <= 40; ++rounds) {
      for (const uint64_t beyond : std::initializer_list<uint64_t>{0, 1, 2, 15, 16, 17}) {
        if (beyond > rounds) continue;
        std::ranges::fill(memory, uint8_t{0});
        const Outcome outcome = instance.invoke(name, values({65536 - rounds + beyond, rounds}));
        EXPECT_EQ(std::holds_alternative<Trap>(outcome), beyond != 0) << name << " " << rounds;
        EXPECT_EQ(static_cast<uint64_t>(std::ranges::count(memory, 7)), rounds - beyond)
            << name << " " << rounds;
      }
    }
  }
}

TEST_P(ExactTraps, CountsExactlyInALoopThatTrapsHalfWay) {
  Instance& instance = make(R"((func (export "f") (param $p i32) (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (global.set $g (i32.add (global.get $g) (i32.const 1)))
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({65536 - 40, 100}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(instance.global("g").low, 11);
}

TEST_P(ExactTraps, StopsALoopAtTheDivisionThatTraps) {
  Instance& instance = make(R"((func (export "f") (param $p i32) (param $q i32) (param $n i32)
    (loop $l
      (i32.store (local.get $q) (i32.div_s (i32.const 1000) (i32.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (local.set $q (i32.add (local.get $q) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))");
  for (uint32_t number = 0; number < 40; ++number) instance.memory()[4 * number] = number == 23 ? 0 : 10;
  EXPECT_EQ(trap_of(instance.invoke("f", values({0, 1024, 40}))), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(word(instance, 1024 + 22 * 4), 100);
  EXPECT_EQ(word(instance, 1024 + 23 * 4), 0);
}

TEST_P(ExactTraps, TrapsWhereAnAddressWrapsToTheTopOfTheAddressSpace) {
  // Downwards through zero: the address after 0 is 2^32 - 4.
  Instance& instance = make(R"((func (export "f") (param $p i32) (param $n i32)
    (loop $l
      (i32.store (local.get $p) (i32.const -1))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))");
  EXPECT_EQ(trap_of(instance.invoke("f", values({36, 11}))), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(std::ranges::count(instance.memory(), 0xff), 40);
}

TEST_P(ExactTraps, SeesMemoryGrowInsideALoop) {
  Instance& instance = make(R"((func (export "f") (param $p i32) (param $n i32)
    (loop $l
      (if (i32.eq (local.get $n) (i32.const 50)) (then (drop (memory.grow (i32.const 1)))))
      (i32.store (local.get $p) (i32.const 1))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))");
  EXPECT_TRUE(std::holds_alternative<Values>(instance.invoke("f", values({65536 - 200, 100}))));
  EXPECT_EQ(word(instance, 65536 - 200 + 99 * 4), 1);
}

TEST_P(ExactTraps, ExhaustsTheStackInARecursionWithoutEnd) {
  Instance& instance = make(R"(
    (func $forever (export "forever") (call $forever))
    (func $even (export "even") (param i64) (result i64) (call $odd (i64.add (local.get 0) (i64.const 1))))
    (func $odd (param i64) (result i64) (call $even (i64.add (local.get 0) (i64.const 1)))))");
  EXPECT_EQ(trap_of(instance.invoke("forever", {})), TrapKind::call_stack_exhausted);
  EXPECT_EQ(trap_of(instance.invoke("even", values({0}))), TrapKind::call_stack_exhausted);
}

TEST_P(ExactTraps, NamesTheOperatorThatTrapped) {
  const std::vector<uint8_t> wasm = assemble(R"((module (memory 1)
    (func (export "f") (param i32) (result i32)
      (i32.store (i32.const 0) (i32.const 1))
      (i32.div_u (i32.const 6) (i32.load (local.get 0))))))");
  auto made = host_.instantiate(wasm);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  // The operators' codes: i32.load is 28, i32.div_u is 6e; each occurs once in the body.
  const auto body = made->instance->module().functions[0];
  const auto offset_of = [&](uint8_t code) {
    const auto found = std::ranges::find(body.body, code);
    return body.offset + static_cast<uint32_t>(found - body.body.begin());
  };
  EXPECT_EQ(std::get<Trap>(made->instance->invoke("f", values({65536}))),
            (Trap{TrapKind::out_of_bounds_memory_access, offset_of(0x28)}));
  EXPECT_EQ(std::get<Trap>(made->instance->invoke("f", values({8}))),
            (Trap{TrapKind::integer_divide_by_zero, offset_of(0x6e)}));
}

// Loops of many shapes, run close to the ends of memory with arbitrary parameters: optimised code must leave
// the same result, trap, memory and global as code that was not optimised.
TEST_P(ExactTraps, LeaveTheSameStateAsUnoptimisedCode) {
  const std::string loops = R"(
    (func (export "copy") (param $p i32) (param $q i32) (param $n i32) (param $s i32) (result i32)
      (loop $l
        (i32.store (local.get $q) (i32.add (i32.load (local.get $p)) (i32.const 3)))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (local.set $q (i32.add (local.get $q) (i32.const 4)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.load (local.get $p)))
    (func (export "until") (param $p i32) (param $q i32) (param $n i32) (param $s i32) (result i32)
      (local $end i32)
      (local.set $end (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 8))))
      (loop $l
        (i64.store offset=16 (local.get $p) (i64.add (i64.load (local.get $p)) (i64.const 1)))
        (br_if $l (i32.ne (local.get $end) (local.tee $p (i32.add (local.get $p) (i32.const 8))))))
      (local.get $p))
    (func (export "strided") (param $p i32) (param $q i32) (param $n i32) (param $s i32) (result i32)
      (local $i i32) (local $sum i32)
      (loop $l
        (local.set $sum (i32.add (local.get $sum)
          (i32.load offset=8 (i32.add (local.get $p) (i32.mul (local.get $i) (local.get $s))))))
        (i32.store8 (i32.sub (local.get $q) (local.get $i)) (local.get $sum))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $sum))
    (func (export "nest") (param $p i32) (param $q i32) (param $n i32) (param $s i32) (result i32)
      (local $i i32) (local $j i32)
      (loop $outer
        (global.set $g (i32.add (global.get $g) (i32.const 1)))
        (local.set $j (i32.const 0))
        (loop $inner
          (i32.store16 (i32.add (local.get $q) (i32.shl (i32.add (local.get $i) (local.get $j)) (i32.const 1)))
            (i32.add (i32.load16_u (i32.add (local.get $p) (i32.shl (local.get $j) (i32.const 1)))) (local.get $i)))
          (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
        (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
      (local.get $j))
    (func (export "fixed") (param $p i32) (param $q i32) (param $n i32) (param $s i32) (result i32)
      (loop $l
        (i32.store (local.get $q) (i32.add (i32.load (local.get $q)) (i32.load (local.get $p))))
        (local.set $p (i32.add (local.get $p) (local.get $s)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.load (local.get $q))))";
  Host reference_host(options_at(0));
  reference_host.add_function("host", "note", {{wasm::ValueType::i32}, {}},
                              [](const Values&) { return Values{}; });
  const std::vector<uint8_t> wasm = assemble(R"((module (import "host" "note" (func (param i32)))
    (memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 0)))" +
                                             loops + ")");
  auto reference = reference_host.instantiate(wasm);
  auto optimised = host_.instantiate(wasm);
  ASSERT_TRUE(reference.has_value() && optimised.has_value());

  std::mt19937 random(20240229);  // a fixed seed: a failure can be repeated
  const auto pick = [&](std::initializer_list<uint32_t> choices) {
    return choices.begin()[random() % choices.size()];
  };
  for (int round = 0; round < 3000; ++round) {
    const std::string name =
        std::vector<std::string>{"copy", "until", "strided", "nest", "fixed"}[random() % 5];
    const uint32_t p = pick({0, 4, 64, 1000, 65000, 65532, 65536, 0x7fff'fff0, 0xffff'fff0}) + random() % 48;
    const uint32_t q = pick({0, 8, 96, 1010, 65100, 65520, 65536, 0xffff'ffe0}) + random() % 48;
    const uint32_t n = random() % 150 + 1;
    const uint32_t s = pick({0, 1, 4, 12, 0xffff'fffc, 0x8000'0000, 0x4000'0000});
    const Values arguments = values({p, q, n, s});
    for (Instance* instance : {reference->instance, optimised->instance}) {
      for (uint32_t index = 0; index < 65536; ++index) {
        instance->memory()[index] = static_cast<uint8_t>(index * 31 + static_cast<uint32_t>(round));
      }
    }
    const Outcome expected = reference->instance->invoke(name, arguments);
    const Outcome actual = optimised->instance->invoke(name, arguments);
    const std::string call = name + "(" + std::to_string(p) + ", " + std::to_string(q) + ", " +
                             std::to_string(n) + ", " + std::to_string(s) + ")";
    ASSERT_EQ(expected.index(), actual.index()) << call;
    if (const Trap* trap = std::get_if<Trap>(&expected)) {
      ASSERT_EQ(trap->kind, std::get<Trap>(actual).kind) << call;
    } else {
      ASSERT_EQ(std::get<Values>(expected), std::get<Values>(actual)) << call;
    }
    ASSERT_TRUE(std::ranges::equal(reference->instance->memory(), optimised->instance->memory())) << call;
    ASSERT_EQ(reference->instance->global("g"), optimised->instance->global("g")) << call;
  }
}

// Short copies and fills are inline; at the end of memory they must still do all or nothing.
TEST_P(ExactTraps, ShortCopiesAndFillsDoAllOrNothing) {
  for (const uint32_t length : {0U, 1U, 2U, 3U, 7U, 8U, 15U, 16U, 31U, 33U, 64U, 100U, 127U, 128U, 129U}) {
    const std::string count = " (i32.const " + std::to_string(length) + ")))";
    std::string module = R"((func (export "copy") (param i32 i32) (memory.copy (local.get 0) (local.get 1))";
    module.append(count)
        .append(R"((func (export "fill") (param i32 i32) (memory.fill (local.get 0) (local.get 1))")
        .append(count);
    Instance& instance = make(module);
    constexpr uint64_t kSize = 65536;
    const std::vector<uint32_t> places = {
        0, 5, 100, 130, 65536 - 128, 65536 - length, 65537 - length, 65535, 65536, 65537, 0xffff'ffff};
    for (const uint32_t to : places) {
      for (const uint32_t from : places) {
        for (const bool copies : {true, false}) {
          std::vector<uint8_t> expected(kSize);
          for (uint32_t index = 0; index < kSize; ++index)
            expected[index] = static_cast<uint8_t>(index * 31 + to);
          std::ranges::copy(expected, instance.memory().begin());
          const bool fits = to + uint64_t{length} <= kSize && (!copies || from + uint64_t{length} <= kSize);
          if (fits && copies) {
            const std::vector<uint8_t> moved(expected.begin() + from, expected.begin() + from + length);
            std::ranges::copy(moved, expected.begin() + to);
          } else if (fits) {
            std::fill_n(expected.begin() + to, length, static_cast<uint8_t>(from));
          }
          const Outcome outcome = instance.invoke(copies ? "copy" : "fill", values({to, from}));
          const std::string where = (copies ? "copy " : "fill ") + std::to_string(to) + " " +
                                    std::to_string(from) + " " + std::to_string(length);
          ASSERT_EQ(std::holds_alternative<Values>(outcome), fits) << where;
          if (!fits) ASSERT_EQ(trap_of(outcome), TrapKind::out_of_bounds_memory_access) << where;
          ASSERT_TRUE(std::ranges::equal(instance.memory(), expected)) << where;
        }
      }
    }
  }
}

// What the compiler takes for granted of a table that nobody writes must be so at every index.
TEST_P(ExactTraps, CallsThroughAConstantTableTellItsElementsApart) {
  Instance& instance = make(R"(
    (type $one (func (result i32)))
    (type $two (func (param i32) (result i32)))
    (type $three (func (param i64) (result i32)))
    (table 9 funcref)
    (elem (i32.const 1) $a $b $c $note $x)
    (elem (i32.const 7) $b)
    (func $a (type $one) (i32.const 10))
    (func $b (type $one) (i32.const 20))
    (func $c (type $two) (i32.const 30))
    (func $x (type $three) (i32.const 40))
    (func (export "scattered") (param i32) (result i32) (call_indirect (type $one) (local.get 0)))
    (func (export "single") (param i32) (result i32) (call_indirect (type $two) (i32.const 5) (local.get 0)))
    (func (export "last") (param i32) (result i32) (call_indirect (type $three) (i64.const 5) (local.get 0)))
    (func (export "foreign") (param i32) (call_indirect (param i32) (i32.const 77) (local.get 0)))
    (func (export "none") (param i32) (result f64) (call_indirect (result f64) (local.get 0))))");
  constexpr TrapKind kNull = TrapKind::uninitialized_element;
  constexpr TrapKind kType = TrapKind::indirect_call_type_mismatch;
  constexpr TrapKind kOutside = TrapKind::undefined_element;
  const std::vector<std::pair<std::string, std::vector<std::variant<uint32_t, TrapKind>>>> expected = {
      {"scattered", {kNull, 10U, 20U, kType, kType, kType, kNull, 20U, kNull, kOutside}},
      {"single", {kNull, kType, kType, 30U, kType, kType, kNull, kType, kNull, kOutside}},
      {"last", {kNull, kType, kType, kType, kType, 40U, kNull, kType, kNull, kOutside}},
      {"none", {kNull, kType, kType, kType, kType, kType, kNull, kType, kNull, kOutside}},
  };
  for (const auto& [name, outcomes] : expected) {
    for (uint32_t index = 0; index < outcomes.size(); ++index) {
      const Outcome outcome = instance.invoke(name, values({index}));
      if (const uint32_t* result = std::get_if<uint32_t>(&outcomes[index])) {
        ASSERT_TRUE(std::holds_alternative<Values>(outcome)) << name << " " << index;
        EXPECT_EQ(std::get<Values>(outcome)[0].low, *result) << name << " " << index;
      } else {
        EXPECT_EQ(trap_of(outcome), std::get<TrapKind>(outcomes[index])) << name << " " << index;
      }
    }
    EXPECT_EQ(trap_of(instance.invoke(name, values({0xffff'ffff}))), kOutside) << name;
  }
  EXPECT_TRUE(std::holds_alternative<Values>(instance.invoke("foreign", values({4}))));
  EXPECT_EQ(notes_, std::vector<uint32_t>{77});
  EXPECT_EQ(trap_of(instance.invoke("foreign", values({3}))), kType);
}

TEST_P(ExactTraps, ATableThatIsWrittenIsNotTakenForConstant) {
  Instance& instance = make(R"(
    (type $t (func (result i32)))
    (table $table 4 funcref)
    (elem (i32.const 1) $a)
    (elem declare func $b)
    (func $a (type $t) (i32.const 10))
    (func $b (type $t) (i32.const 20))
    (func (export "set") (table.set $table (i32.const 1) (ref.func $b)))
    (func (export "grow") (drop (table.grow $table (ref.func $b) (i32.const 1))))
    (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))");
  EXPECT_EQ(std::get<Values>(instance.invoke("call", values({1})))[0].low, 10U);
  EXPECT_EQ(trap_of(instance.invoke("call", values({4}))), TrapKind::undefined_element);
  (void)instance.invoke("set", {});
  (void)instance.invoke("grow", {});
  EXPECT_EQ(std::get<Values>(instance.invoke("call", values({1})))[0].low, 20U);
  EXPECT_EQ(std::get<Values>(instance.invoke("call", values({4})))[0].low, 20U);
}

// A function that an earlier segment has put into another module's table lives on when a later one traps, and finds its own table empty.
TEST_P(ExactTraps, AHalfFilledTableIsNotTakenForConstant) {
  host_.add_table("host", "table", 4, 4);
  auto made = host_.instantiate(assemble(R"((module
    (import "host" "table" (table $theirs 4 4 funcref))
    (table $own 2 funcref)
    (type $t (func (result i32)))
    (elem (table $theirs) (i32.const 0) func $call)
    (elem (table $theirs) (i32.const 100) func $call)
    (elem (table $own) (i32.const 0) func $a)
    (func $a (type $t) (i32.const 10))
    (func $call (type $t) (call_indirect $own (type $t) (i32.const 0)))))"));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  ASSERT_TRUE(made->trap.has_value());
  auto caller = host_.instantiate(assemble(R"((module
    (import "host" "table" (table 4 4 funcref))
    (type $t (func (result i32)))
    (func (export "call") (result i32) (call_indirect (type $t) (i32.const 0)))))"));
  ASSERT_TRUE(caller.has_value()) << caller.error().message;
  EXPECT_EQ(trap_of(caller->instance->invoke("call", {})), TrapKind::uninitialized_element);
}

}  // namespace
}  // namespace twine::test

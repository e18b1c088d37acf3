// Loops whose counts or indices the optimiser reads out of unusual arithmetic (counters that stop above a bound, indices that are an exclusive or of the
// counter): optimised code must leave the same memory as code that was not optimised, and trap where that traps.
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/both_levels.h"

namespace twine::test {
namespace {

std::string concatenated(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

std::string i32(uint32_t value) {
  return "(i32.const " + std::to_string(value) + ")";
}

class UnusualLoops : public testing::TestWithParam<int> {
 protected:
  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[random_() % choices.size()];
  }

  // Compiles both ways; f(arguments) must do the same in both, one call after the other.
  void compare(const std::string& module, const std::vector<std::vector<uint32_t>>& calls) {
    BothLevels both(module, GetParam());
    ASSERT_TRUE(both.is_ready());
    for (const std::vector<uint32_t>& call : calls) {
      Values arguments;
      for (const uint32_t argument : call) arguments.push_back({argument, 0});
      both.invoke(
          "f", arguments, [](uint32_t index) { return static_cast<uint8_t>(index * 7 % 251); },
          testing::PrintToString(call));
      if (HasFailure()) return;
    }
  }

  std::mt19937 random_{1};
};

INSTANTIATE_TEST_SUITE_P(Level, UnusualLoops, testing::Values(2, 3),
                         [](const auto& info) { return "O" + std::to_string(info.param); });

// What unrolling makes of memcpy's `for (; n >= 16; n -= 16)`. A count that is larger than the bound modulo the step wraps around and goes on, to the end
// of memory.
TEST_P(UnusualLoops, StopAboveABound) {
  for (int round = 0; round < 60; ++round) {
    const auto step = one_of<uint32_t>({8, 16, 32, 64});
    const auto bound = one_of<uint32_t>({1, 3, 7, 15, 16, 30, 31, 40});
    std::string body;
    for (uint32_t at = 0; at < step; at += 8) {
      const std::string offset = "offset=" + std::to_string(at);
      body +=
          concatenated({"(i64.store ", offset, "(local.get $to)(i64.load ", offset, "(local.get $from)))"});
    }
    const auto* const compare_to = one_of<const char*>({"(i32.gt_u ", "(i32.ge_u "});
    const std::string module = concatenated(
        {R"((module (memory (export "memory") 1)
      (func (export "f") (param $to i32) (param $from i32) (param $n i32) (loop $next )",
         body, "(local.set $to (i32.add (local.get $to)", i32(step),
         "))(local.set $from (i32.add (local.get $from)", i32(step), "))(br_if $next ", compare_to,
         "(local.tee $n (i32.sub (local.get $n)", i32(step), "))", i32(bound), ")))))"});
    std::vector<std::vector<uint32_t>> calls;
    for (const uint32_t n : {0U, 1U, 5U, 15U, 16U, 17U, 31U, 32U, 40U, 63U, 64U, 100U, 128U, 1000U, 1024U,
                             1039U, 65536U, 0xffff'fff0U}) {
      calls.push_back(
          {one_of<uint32_t>({0, 8, 30000, 65536 - 1024}), one_of<uint32_t>({0, 16, 24, 2000, 60000}), n});
    }
    compare(module, calls);
    if (HasFailure()) return;
  }
}

// What clang makes of `to[i] = from[k - 1 - i]`, unrolled. Not every constant makes a subtraction.
TEST_P(UnusualLoops, RunBackwards) {
  for (int round = 0; round < 100; ++round) {
    const auto step = one_of<uint32_t>({1, 2, 4, 4, 8});
    std::string body;
    for (uint32_t at = 0; at < step; ++at) {
      const auto constant =
          one_of<uint32_t>({0x1fff'ffff - at, 0x1fff'ffff - at, 0xffff'ffff - at, 0x1ffc - at, 0x3ff0, 7});
      body += concatenated({"(i64.store offset=", std::to_string(at * 8),
                            "(i32.add (local.get $to)(i32.shl (local.get $i)(i32.const 3)))",
                            "(i64.add (local.get $sum)(i64.load offset=256",
                            "(i32.shl (i32.add (local.get $k)(i32.xor (local.get $i)", i32(constant),
                            "))(i32.const 3)))))"});
    }
    const auto* const compare_to = one_of<const char*>({"(i32.lt_u ", "(i32.ne "});
    const std::string module =
        concatenated({R"((module (memory (export "memory") 1)
      (func (export "f") (param $to i32) (param $k i32) (param $n i32) (local $i i32) (local $sum i64) (loop $next )",
                      body, "(br_if $next ", compare_to, "(local.tee $i (i32.add (local.get $i)", i32(step),
                      "))(local.get $n))))))"});
    std::vector<std::vector<uint32_t>> calls;
    for (const uint32_t n : {0U, 1U, 4U, 8U, 9U, 64U, 500U, 1024U}) {
      calls.push_back({one_of<uint32_t>({0, 4096, 30001}), one_of<uint32_t>({n, 1024, 3000, 8191, 1}), n});
    }
    compare(module, calls);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace twine::test

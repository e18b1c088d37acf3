// Random loop nests close to the ends of memory: optimised code must leave the same result, trap and memory as code that was not
// optimised. Rectangular and triangular nests, counted up and down, with bounds and addresses that are constants or arguments.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/both_levels.h"

namespace twine::test {
namespace {

// Writes a function f(p, q, n, m) -> i32 whose nest has two or three loops over $i0, $i1, $i2.
class NestWriter {
 public:
  explicit NestWriter(uint32_t seed) : random_(seed) {}

  std::string module() {
    depth_ = 2 + below(2);
    constant_ = below(2) == 0;
    return R"((module (memory (export "memory") 1)
      (func (export "f") (param $p i32) (param $q i32) (param $n i32) (param $m i32) (result i32)
        (local $i0 i32) (local $i1 i32) (local $i2 i32) (local $sum i32))" +
           loop(0) + "(local.get $sum)))";
  }

 private:
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(static_cast<uint32_t>(choices.size()))];
  }
  static std::string i32(uint32_t value) { return "(i32.const " + std::to_string(value) + ")"; }
  static std::string counter(uint32_t level) { return "$i" + std::to_string(level); }
  static std::string get(const std::string& local) { return "(local.get " + local + ")"; }

  // A loop whose counter runs over [start, end), up or down, tested before the first iteration or only after it.
  std::string loop(uint32_t level) {
    const std::string i = counter(level);
    std::string start = i32(below(3));
    std::string end = constant_ ? i32(2 + below(30)) : get(one_of<std::string>({"$n", "$m"}));
    if (level > 0) {
      const std::string outer = get(counter(below(level)));
      if (below(4) == 0) start = "(i32.add " + outer + i32(below(3)) + ")";
      if (below(4) == 0) end = "(i32.add " + outer + i32(below(3)) + ")";
    }
    const bool down = below(4) == 0;
    const std::string step = i32(down ? 0xffff'ffff : one_of<uint32_t>({1, 1, 1, 2}));
    const std::string compare = one_of<std::string>({"i32.lt_s", "i32.lt_u", "i32.lt_s", "i32.ne"});
    const std::string body = below(2) == 0 ? access(level) : "";
    const std::string inside = body + (level + 1 < depth_ ? loop(level + 1) : access(level) + access(level)) +
                               (below(3) == 0 ? access(level) : "");
    const std::string label = "$l" + std::to_string(level);
    const std::string next = "(local.set " + i + "(i32.add " + get(i) + step + "))";
    const std::string again =
        down ? "(i32.ge_s " + get(i) + start + ")"
             : "(" + (step == i32(2) ? std::string("i32.lt_u") : compare) + get(i) + end + ")";
    const std::string first =
        down ? "(local.set " + i + "(i32.sub " + end + i32(1) + "))" : "(local.set " + i + start + ")";
    // Without a guard, a loop that ends on `ne` may run 2^32 times: then it walks off memory.
    const bool guarded = down || below(3) != 0;
    const std::string walk =
        guarded ? "" : "(i32.store8 (i32.mul " + get(i) + i32(one_of<uint32_t>({8, 64})) + ")" + get(i) + ")";
    if (!guarded) return first + "(loop " + label + walk + inside + next + "(br_if " + label + again + "))";
    const std::string guard = down ? again : "(i32.lt_s " + get(i) + end + ")";
    return first + "(if " + guard + "(then (loop " + label + inside + next + "(br_if " + label + again +
           "))))";
  }

  std::string address(uint32_t level) {
    std::string sum = constant_ ? i32(one_of<uint32_t>({0, 16, 1000, 60000, 65000, 65300}))
                                : get(one_of<std::string>({"$p", "$q"}));
    for (uint32_t loop = 0; loop <= level; ++loop) {
      if (below(5) == 0) continue;
      const uint32_t stride = one_of<uint32_t>({1, 2, 4, 4, 8, 40, 128, 0xffff'fffc, 0xffff'ffd8});
      sum.insert(0, "(i32.add ").append("(i32.mul " + get(counter(loop)) + i32(stride) + "))");
    }
    return sum;
  }

  std::string access(uint32_t level) {
    const std::string offset = " offset=" + std::to_string(one_of<uint32_t>({0, 0, 4, 8, 260}));
    const std::string load = "(i32.load" + offset + address(level) + ")";
    switch (below(3)) {
      case 0:
        return "(local.set $sum (i32.add (local.get $sum)" + load + "))";
      case 1:
        return "(i32.store" + offset + address(level) + "(i32.add " + load + get(counter(level)) + "))";
      default:
        return "(i32.store16" + offset + address(level) + "(i32.xor (local.get $sum)" + get(counter(level)) +
               "))";
    }
  }

  std::mt19937 random_;
  uint32_t depth_ = 2;
  bool constant_ = false;
};

class LoopNests : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Level, LoopNests, testing::Values(2, 3),
                         [](const auto& info) { return "O" + std::to_string(info.param); });

TEST_P(LoopNests, LeaveTheSameStateAsUnoptimisedCode) {
  int trapped = 0;
  int returned = 0;
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    BothLevels both(NestWriter(seed).module(), GetParam());
    ASSERT_TRUE(both.is_ready());
    std::mt19937 random(seed);
    const auto pick = [&](std::initializer_list<uint32_t> choices) {
      return choices.begin()[random() % choices.size()];
    };
    for (int round = 0; round < 12; ++round) {
      Values arguments;
      for (const uint32_t value : {pick({0, 64, 1000, 40000, 64000, 65500, 0xffff'ffe0}),
                                   pick({8, 96, 30000, 65100, 65530, 0xffff'fff0}),
                                   pick({0, 1, 2, 5, 17, 33, 0xffff'fffe}), pick({0, 1, 3, 9, 30})}) {
        arguments.push_back({value, 0});
      }
      const Outcome outcome = both.invoke(
          "f", arguments,
          [round](uint32_t index) { return static_cast<uint8_t>(index * 31 + static_cast<uint32_t>(round)); },
          "seed " + std::to_string(seed) + ", round " + std::to_string(round));
      ASSERT_FALSE(HasFailure());
      ++(std::holds_alternative<Trap>(outcome) ? trapped : returned);
    }
  }
  EXPECT_GT(trapped, 150) << "the generator shall reach the ends of memory";
  EXPECT_GT(returned, 150) << "and stay within";
}

}  // namespace
}  // namespace twine::test

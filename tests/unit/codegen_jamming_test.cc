// Row updates in two loops with constant counts, which LoopJammingPass may put into one pass over the row, or must not, because what is
// read overlaps what is written or moves in the wrong way: optimised code must leave the same memory as code that was not optimised.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "support/both_levels.h"

namespace twine::test {
namespace {

// Writes a function f() with two loops, of which the inner one reads and writes arrays of one or two element types.
class RowUpdateWriter {
 public:
  explicit RowUpdateWriter(uint32_t seed) : random_(seed) {}

  std::string module() {
    const std::string inner_trips = i32(16 + below(30));
    std::string body = update();
    if (below(4) == 0) body += update();
    return R"((module (memory (export "memory") 1)
      (func (export "f") (local $i i32) (local $j i32)
        (loop $rows (local.set $j (i32.const 0)) (loop $row )" +
           body + "(br_if $row (i32.ne (local.tee $j (i32.add (local.get $j)(i32.const 1)))" + inner_trips +
           ")))" + (below(8) == 0 ? update_outside() : "") +
           "(br_if $rows (i32.ne (local.tee $i (i32.add (local.get $i)(i32.const 1)))" +
           i32(one_of<uint32_t>({2, 3, 4, 5, 6, 8, 9, 12, 16, 20, 21})) + ")))))";
  }

 private:
  struct Type {
    const char* name;
    uint32_t size;
  };
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(static_cast<uint32_t>(choices.size()))];
  }
  static std::string i32(uint32_t value) { return "(i32.const " + std::to_string(value) + ")"; }

  // start + i * row + j * element
  static std::string address(uint32_t start, uint32_t row, uint32_t element) {
    return "(i32.add (i32.add " + i32(start) + "(i32.mul (local.get $i)" + i32(row) +
           "))(i32.mul (local.get $j)" + i32(element) + "))";
  }

  std::string update() {
    const Type type = one_of<Type>({{"f64", 8}, {"i64", 8}, {"i32", 4}, {"f32", 4}});
    const std::string name = type.name;
    const uint32_t start = 1024;
    // Usually the next element; sometimes one that overlaps it, or another order.
    const uint32_t element =
        below(6) == 0 ? one_of<uint32_t>({type.size / 2, 2 * type.size, 0U, 1U}) : type.size;
    const uint32_t row = below(6) == 0 ? type.size : 0;
    const std::string target = address(start, row, element);
    // Far away, or into the row itself, a few bytes on.
    const uint32_t source = below(3) == 0 ? start + one_of<uint32_t>({0, 4, 8, 12, 16, 40, 200, 400}) : 8192;
    const std::string factor =
        below(2) == 0 ? load(name, address(4096, type.size, 0)) : load(name, address(4096, 0, type.size));
    const std::string term = "(" + name + ".mul " + factor +
                             load(name, address(source, one_of<uint32_t>({0, 8, 400}), type.size)) + ")";
    const std::string old = below(8) == 0 ? load(name, address(2048, 0, type.size)) : load(name, target);
    return "(" + name + ".store " + target + "(" + name + one_of<std::string>({".add ", ".sub "}) + old +
           term + "))";
  }

  // A store in the outer loop, into the row or elsewhere.
  std::string update_outside() {
    return "(i32.store " + address(one_of<uint32_t>({1024, 1040, 60000}), 4, 0) + "(local.get $i))";
  }

  static std::string load(const std::string& type, const std::string& address) {
    return "(" + type + ".load " + address + ")";
  }

  std::mt19937 random_;
};

class RowUpdates : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Level, RowUpdates, testing::Values(2, 3),
                         [](const auto& info) { return "O" + std::to_string(info.param); });

TEST_P(RowUpdates, LeaveTheSameMemoryAsUnoptimisedCode) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    BothLevels both(RowUpdateWriter(seed).module(), GetParam());
    ASSERT_TRUE(both.is_ready());
    // Numbers near one in either floating-point type, so that sums neither overflow nor lose what is added.
    const Outcome outcome = both.invoke(
        "f", {}, [](uint32_t index) { return static_cast<uint8_t>(index % 4 == 3 ? 0x3f : index * 7 % 251); },
        "seed " + std::to_string(seed));
    ASSERT_FALSE(HasFailure());
    ASSERT_TRUE(std::holds_alternative<Values>(outcome)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace twine::test

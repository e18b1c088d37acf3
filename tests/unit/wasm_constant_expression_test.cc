#include "wasm/constant_expression.h"

#include <gtest/gtest.h>

#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;
using testing::concat;
using testing::end;
using testing::make_module;
using testing::section;
using testing::vec;

// Globals have the value 1000 + index, references to functions 2000 + index.
struct Context {
  [[nodiscard]] RawValue global(uint32_t index) const { return {1000 + index, 0}; }
  [[nodiscard]] RawValue function(uint32_t index) const { return {2000 + index, 0}; }
};

RawValue value_of(const Bytes& expression) {
  const auto value = evaluate(ConstantExpression{expression, 0}, Context{});
  EXPECT_TRUE(value);
  return value.value_or(RawValue{});
}

TEST(WasmConstantExpression, YieldsTheBitsOfEveryKindOfConstant) {
  EXPECT_EQ(value_of({0x41, 0x7F, end}), (RawValue{0xFFFFFFFF, 0}));
  EXPECT_EQ(value_of({0x42, 0x7F, end}), (RawValue{~uint64_t{0}, 0}));
  EXPECT_EQ(value_of({0x43, 0x01, 0x00, 0xA0, 0x7F, end}), (RawValue{0x7FA00001, 0}));
  EXPECT_EQ(value_of({0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, end}), (RawValue{0x3FF0000000000000, 0}));
  EXPECT_EQ(value_of({0xFD, 0x0C, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, end}), (RawValue{1, 2}));
  EXPECT_EQ(value_of({0xD0, 0x70, end}), (RawValue{}));
  EXPECT_EQ(value_of({0xD2, 0x05, end}), (RawValue{2005, 0}));
  EXPECT_EQ(value_of({0x23, 0x07, end}), (RawValue{1007, 0}));
}

TEST(WasmConstantExpression, WrapsArithmeticOf32Bits) {
  EXPECT_EQ(value_of({0x41, 0x00, 0x41, 0x01, 0x6B, end}), (RawValue{0xFFFFFFFF, 0}));
  EXPECT_EQ(value_of({0x23, 0x00, 0x41, 0x02, 0x6C, 0x41, 0x7F, 0x6A, end}), (RawValue{1999, 0}));
  EXPECT_EQ(value_of({0x42, 0x03, 0x42, 0x05, 0x7D, end}), (RawValue{~uint64_t{1}, 0}));
}

TEST(WasmConstantExpression, IsRefusedWhereItDidNotPassValidation) {
  const Bytes wrong[] = {{end}, {0x6A, end}, {0x41, 0x00, 0x41, 0x00, end}, {0x01, end}};
  for (const Bytes& expression : wrong) {
    EXPECT_FALSE(evaluate(ConstantExpression{expression, 0}, Context{}));
  }
}

Result<Module> with_global(const Bytes& expression, const Features& features = {}) {
  static Bytes bytes;
  bytes = make_module(
      {section(6, vec({{testing::i32, 0x00, 0x41, 0x00, end}, concat({{testing::i32, 0x00}, expression})}))});
  return load(bytes, features);
}

TEST(WasmConstantExpression, AdmitsArithmeticOnlyAsAnExtendedConstant) {
  const Bytes sum{0x41, 0x01, 0x41, 0x02, 0x6A, end};
  EXPECT_EQ(with_global(sum).error().message,
            "byte 0x16: constant expression required: i32.add is not constant");
  EXPECT_TRUE(with_global(sum, {.extended_const = true}));
}

TEST(WasmConstantExpression, ReadsAnEarlierGlobalOfTheModuleOnlyAsAnExtendedConstant) {
  EXPECT_EQ(with_global({0x23, 0x00, end}).error().message, "byte 0x12: unknown global 0");
  EXPECT_TRUE(with_global({0x23, 0x00, end}, {.extended_const = true}));
  EXPECT_FALSE(with_global({0x23, 0x01, end}, {.extended_const = true}));  // itself
}

TEST(WasmConstantExpression, MustYieldOneValueOfTheType) {
  EXPECT_EQ(with_global({end}).error().message,
            "byte 0x12: type mismatch in constant expression: expected i32, found nothing");
  EXPECT_EQ(with_global({0x42, 0x00, end}).error().message,
            "byte 0x14: type mismatch in constant expression: expected i32, found i64");
  EXPECT_EQ(with_global({0x41, 0x00, 0x41, 0x00, end}).error().message,
            "byte 0x16: type mismatch in constant expression: expected one value, found 2");
}

}  // namespace
}  // namespace twine::wasm

// Wasm values as text, for --invoke.
#include <gtest/gtest.h>

#include <bit>

#include "host/launch/values.h"

namespace twine::host {
namespace {

using wasm::ValueType;

uint64_t bits(ValueType type, std::string_view text) {
  const auto value = parse_value(type, text);
  EXPECT_TRUE(value) << text;
  return value ? value->low : 0xdead;
}

TEST(ParseValue, TakesIntegersFromTheLeastSignedToTheLargestUnsigned) {
  EXPECT_EQ(bits(ValueType::i32, "-2147483648"), 0x8000'0000);
  EXPECT_EQ(bits(ValueType::i32, "4294967295"), 0xffff'ffff);
  EXPECT_EQ(bits(ValueType::i32, "-1"), 0xffff'ffff) << "the upper half of the word stays zero";
  EXPECT_EQ(bits(ValueType::i32, "0xff"), 255);
  EXPECT_EQ(bits(ValueType::i64, "-1"), ~uint64_t{0});
  EXPECT_EQ(bits(ValueType::i64, "18446744073709551615"), ~uint64_t{0});
  EXPECT_EQ(bits(ValueType::i64, "+7"), 7);
}

TEST(ParseValue, RefusesIntegersOutOfRangeAndTrailingText) {
  for (const char* text : {"4294967296", "-2147483649", "", "-", "12x", "0x", "1.0", " 1", "--1", "+-1"}) {
    EXPECT_FALSE(parse_value(ValueType::i32, text)) << text;
  }
  EXPECT_FALSE(parse_value(ValueType::i64, "18446744073709551616"));
}

TEST(ParseValue, RoundsFloatsToTheirOwnType) {
  EXPECT_EQ(bits(ValueType::f32, "0.1"), std::bit_cast<uint32_t>(0.1F));
  EXPECT_EQ(bits(ValueType::f64, "0.1"), std::bit_cast<uint64_t>(0.1));
  EXPECT_EQ(bits(ValueType::f64, "-inf"), 0xfff0'0000'0000'0000);
  EXPECT_FALSE(parse_value(ValueType::f64, "1.5x"));
  EXPECT_FALSE(parse_value(ValueType::f64, ""));
}

TEST(ParseValue, GivesOnlyNullForReferencesAndNothingForVectors) {
  EXPECT_EQ(bits(ValueType::funcref, "null"), 0);
  EXPECT_FALSE(parse_value(ValueType::externref, "1"));
  EXPECT_FALSE(parse_value(ValueType::v128, "0"));
}

TEST(DescribeValue, ReadsBackAsTheSameBits) {
  for (const auto& [type, text] : {std::pair{ValueType::i32, "-5"},
                                   {ValueType::i64, "-9223372036854775808"},
                                   {ValueType::f32, "0.1"},
                                   {ValueType::f64, "1e+300"},
                                   {ValueType::f64, "-0"},
                                   {ValueType::f64, "inf"},
                                   {ValueType::f64, "nan"}}) {
    EXPECT_EQ(describe_value(parse_value(type, text).value()), text);
  }
}

TEST(DescribeValue, WritesAVectorAsOneNumber) {
  WireValue value;
  value.type = static_cast<uint8_t>(ValueType::v128);
  value.high = 0x0102;
  value.low = 0x3;
  EXPECT_EQ(describe_value(value), "0x00000000000001020000000000000003");
}

}  // namespace
}  // namespace twine::host

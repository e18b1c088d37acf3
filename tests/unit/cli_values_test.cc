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

TEST(ParseValue, GivesOnlyNullForReferences) {
  EXPECT_EQ(bits(ValueType::funcref, "null"), 0);
  EXPECT_EQ(bits(ValueType::externref, "null"), 0);
  EXPECT_FALSE(parse_value(ValueType::externref, "1"));
  EXPECT_FALSE(parse_value(ValueType::funcref, "0"));
}

TEST(ParseValue, PutsTheFirstLaneOfAVectorLowest) {
  for (const auto& [text, number] :
       {std::pair{"i8x16:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "0x100f0e0d0c0b0a090807060504030201"},
        {"i8x16:-1,255,0x80,-128,0,0,0,0,0,0,0,0,0,0,0,0", "0x0000000000000000000000008080ffff"},
        {"i16x8:1,-2,3,4,5,6,7,8", "0x000800070006000500040003fffe0001"},
        {"i32x4:1,2,3,4", "0x00000004000000030000000200000001"},
        {"i64x2:-1,2", "0x0000000000000002ffffffffffffffff"},
        {"f32x4:1,-0,inf,0.5", "0x3f0000007f800000800000003f800000"},
        {"f64x2:1.5,-2", "0xc0000000000000003ff8000000000000"},
        {"0x000102030405060708090A0B0C0D0E0F", "0x000102030405060708090a0b0c0d0e0f"}}) {
    const auto value = parse_value(ValueType::v128, text);
    ASSERT_TRUE(value) << text << ": " << value.error().message;
    EXPECT_EQ(describe_value(*value), number) << text;
  }
}

TEST(ParseValue, RefusesWhatIsNoVectorAndSaysHowOneIsWritten) {
  for (const char* text : {"",
                           "0",
                           "1,2,3,4",
                           "i32x4",
                           "i32x4:",
                           "i32x4:1,2,3",
                           "i32x4:1,2,3,4,5",
                           "i32x4:1,2,3,",
                           "i32x4:1,,3,4",
                           "i32x4:1, 2,3,4",
                           "i8x16:256,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
                           "i16x8:-32769,0,0,0,0,0,0,0",
                           "i32x8:1",
                           "I32x4:1,2,3,4",
                           "f32x4:1,2,3,x",
                           "i64x2:1.0,2",
                           "0x",
                           "0x0",
                           "0x0001020304050607080910111213141",
                           "0x000102030405060708091011121314150",
                           "0x00010203040506070809101112131g15",
                           "0x+0010203040506070809101112131415"}) {
    const auto value = parse_value(ValueType::v128, text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, ErrorCode::invalid_argument) << text;
    EXPECT_NE(value.error().message.find("i32x4:1,2,3,4"), std::string::npos) << value.error().message;
  }
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

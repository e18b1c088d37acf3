#include "wasm/reader.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;

Reader over(const Bytes& bytes) {
  return {bytes, 0x100};
}

TEST(WasmReader, ReadsUnsignedLebInEveryLength) {
  const Bytes bytes{0x00, 0x7F, 0x80, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x80, 0x80, 0x80, 0x80, 0x00};
  Reader reader = over(bytes);
  EXPECT_EQ(*reader.u32("n"), 0U);
  EXPECT_EQ(*reader.u32("n"), 127U);
  EXPECT_EQ(*reader.u32("n"), 128U);
  EXPECT_EQ(*reader.u32("n"), 0xFFFFFFFFU);
  EXPECT_EQ(*reader.u32("n"), 0U);  // padded to five bytes, which is allowed
  EXPECT_TRUE(reader.at_end());
}

TEST(WasmReader, RefusesUnsignedLebOfSixBytes) {
  const Bytes bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
  EXPECT_EQ(over(bytes).u32("n").error().message, "byte 0x100: n: integer representation too long");
}

TEST(WasmReader, RefusesUnsignedLebWithUnusedBitsSet) {
  const Bytes bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x1F};
  EXPECT_EQ(over(bytes).u32("n").error().message, "byte 0x100: n: integer too large");
}

TEST(WasmReader, ReadsSignedLebAtItsBounds) {
  const Bytes bytes{0x7F, 0x80, 0x80, 0x80, 0x80, 0x78, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x3F, 0x40};
  Reader reader = over(bytes);
  EXPECT_EQ(*reader.s32("n"), -1);
  EXPECT_EQ(*reader.s32("n"), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(*reader.s32("n"), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(*reader.s32("n"), 63);
  EXPECT_EQ(*reader.s32("n"), -64);
}

TEST(WasmReader, RefusesSignedLebWhoseUnusedBitsAreNotTheSign) {
  for (const uint8_t last : Bytes{0x08, 0x70, 0x40, 0x77}) {
    const Bytes bytes{0x80, 0x80, 0x80, 0x80, last};
    EXPECT_EQ(over(bytes).s32("n").error().message, "byte 0x100: n: integer too large") << int{last};
  }
}

TEST(WasmReader, ReadsSignedLebOf64BitsAtItsBounds) {
  const Bytes bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F,
                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
  Reader reader = over(bytes);
  EXPECT_EQ(*reader.s64("n"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*reader.s64("n"), std::numeric_limits<int64_t>::max());
  const Bytes wrong{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7E};
  EXPECT_FALSE(over(wrong).s64("n"));
}

TEST(WasmReader, ReadsATypeIndexOf32BitsAsASignedIntegerOf33) {
  const Bytes bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  EXPECT_EQ(*over(bytes).s33("block type"), 0xFFFFFFFF);
  const Bytes negative{0x80, 0x80, 0x80, 0x80, 0x70};
  EXPECT_EQ(*over(negative).s33("block type"), -0x100000000);
}

TEST(WasmReader, SaysWhereTheBytesEnd) {
  const Bytes bytes{0x05, 0x80};
  Reader reader = over(bytes);
  static_cast<void>(*reader.byte("first"));
  EXPECT_EQ(reader.u32("size").error().message, "byte 0x102: unexpected end, where size should be");
}

TEST(WasmReader, RefusesACountThatTheRemainingBytesCannotHold) {
  const Bytes bytes{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00};
  const auto count = over(bytes).count("types", 1'000'000, 3);
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().code, ErrorCode::malformed);
  EXPECT_EQ(count.error().message,
            "byte 0x100: unexpected end, 4294967295 types do not fit in the 1 bytes that are left");
}

TEST(WasmReader, RefusesACountBeyondTheLimitAsALimit) {
  const Bytes bytes{0x03, 0x00, 0x00, 0x00};
  EXPECT_EQ(over(bytes).count("types", 2).error().code, ErrorCode::limit);
  EXPECT_EQ(*over(bytes).count("types", 3), 3U);
}

TEST(WasmReader, KeepsTheBitsOfASignallingNan) {
  const Bytes bytes{0x01, 0x00, 0xA0, 0x7F};
  EXPECT_EQ(*over(bytes).f32("constant"), 0x7FA00001U);
}

TEST(WasmReader, AcceptsUtf8OfEveryLength) {
  for (const std::string& text :
       {std::string("ascii"), std::string("\0", 1), std::string("\u00e9"), std::string("\u20ac"),
        std::string("\U0001F512"), std::string("\xED\x9F\xBF\xEE\x80\x80")}) {
    EXPECT_TRUE(is_utf8(testing::text(text))) << text;
  }
}

TEST(WasmReader, RefusesWhatIsNotUtf8) {
  const Bytes wrong[] = {{0x80},                    // continuation first
                         {0xC0, 0x80},              // overlong
                         {0xC3},                    // cut off
                         {0xE0, 0x9F, 0xBF},        // overlong
                         {0xED, 0xA0, 0x80},        // surrogate
                         {0xF0, 0x8F, 0xBF, 0xBF},  // overlong
                         {0xF4, 0x90, 0x80, 0x80},  // above U+10FFFF
                         {0xF8, 0x88, 0x80, 0x80, 0x80}};
  for (const Bytes& bytes : wrong) EXPECT_FALSE(is_utf8(bytes)) << int{bytes[0]};
}

TEST(WasmReader, RefusesANameThatIsNotUtf8AtItsOffset) {
  const Bytes bytes{0x02, 0xC0, 0x80};
  EXPECT_EQ(over(bytes).name("export name").error().message,
            "byte 0x100: export name: malformed UTF-8 encoding");
}

}  // namespace
}  // namespace twine::wasm

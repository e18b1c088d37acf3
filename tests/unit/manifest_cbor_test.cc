#include "common/cbor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace twine::cbor {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes encoded_number(uint64_t value) {
  Encoder out;
  out.unsigned_integer(value);
  return std::move(out).take();
}

// RFC 8949, appendix A.
TEST(Cbor, EncodesNumbersAsTheExamplesOfTheRfc) {
  EXPECT_EQ(encoded_number(0), (Bytes{0x00}));
  EXPECT_EQ(encoded_number(23), (Bytes{0x17}));
  EXPECT_EQ(encoded_number(24), (Bytes{0x18, 0x18}));
  EXPECT_EQ(encoded_number(100), (Bytes{0x18, 0x64}));
  EXPECT_EQ(encoded_number(1000), (Bytes{0x19, 0x03, 0xE8}));
  EXPECT_EQ(encoded_number(1000000), (Bytes{0x1A, 0x00, 0x0F, 0x42, 0x40}));
  EXPECT_EQ(encoded_number(1000000000000), (Bytes{0x1B, 0x00, 0x00, 0x00, 0xE8, 0xD4, 0xA5, 0x10, 0x00}));
  EXPECT_EQ(encoded_number(~uint64_t{0}), (Bytes{0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
}

TEST(Cbor, ReadsBackEveryNumberAtTheEdgesOfTheForms) {
  for (const uint64_t edge : {uint64_t{24}, uint64_t{256}, uint64_t{65536}, uint64_t{1} << 32, uint64_t{0}}) {
    for (const uint64_t value : {edge - 1, edge, edge + 1}) {
      const Bytes bytes = encoded_number(value);
      Decoder in(bytes);
      EXPECT_EQ(in.unsigned_integer(), value);
      EXPECT_TRUE(in.finish());
    }
  }
}

TEST(Cbor, RefusesNumbersInALongerFormThanNeeded) {
  for (const Bytes& bytes : {Bytes{0x18, 0x17}, Bytes{0x19, 0x00, 0xFF}, Bytes{0x1A, 0x00, 0x00, 0xFF, 0xFF},
                             Bytes{0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}}) {
    Decoder in(bytes);
    EXPECT_FALSE(in.unsigned_integer());
  }
}

TEST(Cbor, RefusesIndefiniteAndReservedLengths) {
  for (const int information : {28, 29, 30, 31}) {
    const Bytes bytes{static_cast<uint8_t>(0x80 | information), 0xFF};
    Decoder in(bytes);
    EXPECT_FALSE(in.array());
  }
}

TEST(Cbor, RefusesStringsThatReachPastTheEnd) {
  const Bytes bytes{0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
  Decoder in(bytes);
  EXPECT_FALSE(in.bytes());
}

TEST(Cbor, RefusesAnArrayThatTheDataCannotHold) {
  const Bytes bytes{0x9A, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
  Decoder in(bytes);
  EXPECT_FALSE(in.array());
}

TEST(Cbor, RefusesTextThatIsNotUtf8) {
  for (const Bytes& bytes : {Bytes{0x62, 0xC0, 0x80}, Bytes{0x63, 0xED, 0xA0, 0x80}, Bytes{0x61, 0xFF}}) {
    Decoder in(bytes);
    EXPECT_FALSE(in.text());
  }
}

enum class Colour : uint8_t { red, green };
constexpr bool is_valid(Colour colour) {
  return colour <= Colour::green;
}

struct Inner {
  uint16_t number = 0;
  static void fields(auto& self, auto&& field) { field(1, "number", self.number); }
};

struct Outer {
  std::string text;
  std::vector<Inner> inners;
  std::optional<bool> maybe;
  Colour colour = Colour::red;
  std::array<uint8_t, 2> pair{};
  static void fields(auto& self, auto&& field) {
    field(1, "text", self.text);
    field(2, "inners", self.inners);
    field(3, "maybe", self.maybe);
    field(4, "colour", self.colour);
    field(5, "pair", self.pair);
  }
};

const Bytes kOuter{0xA5, 1, 0x62, 'h', 'i', 2, 0x81, 0xA1, 1, 0x07, 3, 0xF6, 4, 0x01, 5, 0x42, 0xAB, 0xCD};

TEST(CborRecord, EncodesAsAMapWithAscendingKeys) {
  const Outer value{"hi", {{7}}, std::nullopt, Colour::green, {0xAB, 0xCD}};
  EXPECT_EQ(encode(value), kOuter);
}

TEST(CborRecord, DecodesWhatItEncodes) {
  const Result<Outer> value = decode<Outer>(kOuter);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->text, "hi");
  ASSERT_EQ(value->inners.size(), 1U);
  EXPECT_EQ(value->inners[0].number, 7);
  EXPECT_FALSE(value->maybe);
  EXPECT_EQ(value->colour, Colour::green);
}

struct Refusal {
  const char* why;
  size_t position;
  Bytes replacement;
  size_t removed;
};

class CborRecordRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(CborRecordRefuses, Encoding) {
  Bytes bytes = kOuter;
  const Refusal& refusal = GetParam();
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(refusal.position);
  const auto rest = bytes.erase(at, at + static_cast<ptrdiff_t>(refusal.removed));
  bytes.insert(rest, refusal.replacement.begin(), refusal.replacement.end());
  EXPECT_FALSE(decode<Outer>(bytes)) << refusal.why;
}

INSTANTIATE_TEST_SUITE_P(
    Cbor, CborRecordRefuses,
    testing::Values(Refusal{"a missing entry", 0, {0xA4}, 1}, Refusal{"an entry too many", 0, {0xA6}, 1},
                    Refusal{"keys in another order", 1, {2, 0x80, 1, 0x60}, 8},
                    Refusal{"a key twice", 5, {1}, 1}, Refusal{"an unknown key", 15, {6}, 1},
                    Refusal{"a key in a longer form", 1, {0x18, 1}, 1},
                    Refusal{"a number too large for its field", 9, {0x1A, 0, 1, 0, 0}, 1},
                    Refusal{"an unknown enumerator", 13, {0x02}, 1},
                    Refusal{"bytes of the wrong length", 15, {0x41, 0xAB}, 3},
                    Refusal{"a byte after the end", 18, {0x00}, 0},
                    Refusal{"undefined for null", 11, {0xF7}, 1},
                    Refusal{"a text where bytes belong", 15, {0x62, 'a', 'b'}, 3}));

TEST(CborRecord, RefusesEveryTruncation) {
  for (size_t size = 0; size < kOuter.size(); ++size) {
    EXPECT_FALSE(decode<Outer>(std::span(kOuter).first(size))) << size;
  }
}

TEST(CborRecord, NamesTheFieldAndTheByteOfAFault) {
  Bytes bytes = kOuter;
  bytes[9] = 0x60;
  const Result<Outer> value = decode<Outer>(bytes);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().message, "inners: number: byte 9: an item of another type");
}

}  // namespace
}  // namespace twine::cbor

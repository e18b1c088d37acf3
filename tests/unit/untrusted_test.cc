// Copies between the enclave and untrusted memory (enclave/hostcall/untrusted.h), at all lengths around those of a word and a block: exactly the bytes that were asked for,
// in whole words on the untrusted side.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "enclave/hostcall/untrusted.h"

namespace twine {
namespace {

constexpr size_t kWindow = 512;
constexpr size_t kLongest = 3 * untrusted::kBlock + untrusted::kWord + 1;
constexpr std::byte kUntouched{0x77};

class UntrustedCopies : public ::testing::Test {
 protected:
  UntrustedCopies() {
    for (size_t i = 0; i < kWindow; ++i) host_[i] = byte(i);
  }
  static std::byte byte(size_t index) { return static_cast<std::byte>(index * 37 + 11); }

  alignas(64) std::array<std::byte, kWindow> host_{};
  UntrustedMemory window_{std::bit_cast<uint64_t>(host_.data()), kWindow};
};

TEST_F(UntrustedCopies, BringInTheBytesThatWereAskedForAndNoMore) {
  // The enclave's buffer may stand anywhere.
  for (size_t shift = 0; shift < 9; ++shift) {
    for (size_t offset = 0; offset <= 3 * untrusted::kWord; offset += untrusted::kWord) {
      for (size_t length = 0; length <= kLongest; ++length) {
        std::vector<std::byte> inside(shift + length + 16, kUntouched);
        window_.copy_in(offset, std::span(inside).subspan(shift, length));
        for (size_t i = 0; i < inside.size(); ++i) {
          const bool copied = i >= shift && i < shift + length;
          ASSERT_EQ(inside[i], copied ? byte(offset + i - shift) : kUntouched)
              << "shift " << shift << ", offset " << offset << ", length " << length << ", byte " << i;
        }
      }
    }
  }
}

TEST_F(UntrustedCopies, TakeOutWholeWordsCompletedWithZeroes) {
  for (size_t shift = 0; shift < 9; ++shift) {
    std::vector<std::byte> inside(shift + kLongest);
    for (size_t i = 0; i < inside.size(); ++i) inside[i] = static_cast<std::byte>(i * 5 + 1);
    for (size_t offset = 0; offset <= 3 * untrusted::kWord; offset += untrusted::kWord) {
      for (size_t length = 0; length <= kLongest; ++length) {
        host_.fill(kUntouched);
        window_.copy_out(offset, std::span(inside).subspan(shift, length));
        const size_t whole = (length + untrusted::kWord - 1) / untrusted::kWord * untrusted::kWord;
        for (size_t i = 0; i < kWindow; ++i) {
          const std::byte expected = i < offset || i >= offset + whole ? kUntouched
                                     : i - offset < length             ? inside[shift + i - offset]
                                                                       : std::byte{0};
          ASSERT_EQ(host_[i], expected)
              << "shift " << shift << ", offset " << offset << ", length " << length << ", byte " << i;
        }
      }
    }
  }
}

TEST_F(UntrustedCopies, LoadAndStoreObjectsWordByWord) {
  struct Object {
    uint64_t words[5];
  };
  const Untrusted<Object> object = window_.at<Object>(16);
  Object copy = object.load();
  EXPECT_EQ(std::memcmp(&copy, host_.data() + 16, sizeof copy), 0);
  host_.fill(kUntouched);
  object.store(copy);
  for (size_t i = 0; i < kWindow; ++i)
    EXPECT_EQ(host_[i], i < 16 || i >= 16 + sizeof copy ? kUntouched : byte(i)) << i;
}

}  // namespace
}  // namespace twine

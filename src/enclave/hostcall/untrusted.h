// Memory that the host can change at any moment, and the only ways to touch it.
//
// A host address never becomes a C++ pointer outside this file: Untrusted<T> and UntrustedMemory hold it as a
// number and offer copies only. A copy reads or writes each aligned 8-byte word exactly once (two at a time
// where there are many) and nothing in between, which
//   - makes a value that was checked the value that is used (no second fetch for the host to win a race on), and
//   - is what Intel asks of enclaves against stale-data leaks (INTEL-SA-00615: untrusted memory is accessed in aligned multiples of 8 bytes).
// Words at the end of a buffer are completed with zeroes on the way out and cut on the way in, so windows are
// whole words.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace twine {

namespace untrusted {
inline constexpr uint64_t kWord = sizeof(uint64_t);

inline uint64_t load_word(uint64_t address) {
  return *std::bit_cast<const volatile uint64_t*>(address);
}
inline void store_word(uint64_t address, uint64_t value) {
  *std::bit_cast<volatile uint64_t*>(address) = value;
}

// Two words in one access, for long copies: twice to three times as fast. Aligned as words are, no more, which a vector says by the
// structure around it.
using Vector = uint64_t __attribute__((vector_size(16)));
struct [[gnu::packed, gnu::may_alias]] WordPair {
  Vector words;
};
inline constexpr size_t kPairs = 4;
struct Block {
  WordPair pairs[kPairs];
};
inline constexpr uint64_t kBlock = sizeof(Block);
inline Block load_block(uint64_t address) {
  const auto* const from = std::bit_cast<const volatile WordPair*>(address);
  Block block;
  for (size_t i = 0; i < kPairs; ++i) block.pairs[i].words = from[i].words;
  return block;
}
inline void store_block(uint64_t address, const Block& block) {
  auto* const to = std::bit_cast<volatile WordPair*>(address);
  for (size_t i = 0; i < kPairs; ++i) to[i].words = block.pairs[i].words;
}
}  // namespace untrusted

// One object in host memory, at an 8-byte aligned address.
template <typename T>
class Untrusted {
  static_assert(!std::is_pointer_v<T> && !std::is_reference_v<T>,
                "a pointer from the host must never be used");
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % untrusted::kWord == 0);

 public:
  explicit Untrusted(uint64_t address) : address_(address) {}

  [[nodiscard]] T load() const {
    T value;
    auto* bytes = reinterpret_cast<std::byte*>(&value);
    for (size_t offset = 0; offset < sizeof(T); offset += untrusted::kWord) {
      const uint64_t word = untrusted::load_word(address_ + offset);
      std::memcpy(bytes + offset, &word, sizeof word);
    }
    return value;
  }

  void store(const T& value) const {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    for (size_t offset = 0; offset < sizeof(T); offset += untrusted::kWord) {
      uint64_t word;
      std::memcpy(&word, bytes + offset, sizeof word);
      untrusted::store_word(address_ + offset, word);
    }
  }

 private:
  uint64_t address_;
};

// A window of host memory. Address and size are the enclave's own, checked once (platform) to lie outside
// ELRANGE and to be 8-byte aligned; offsets given to it must be 8-byte aligned and inside, which is the
// caller's arithmetic, not the host's.
class UntrustedMemory {
 public:
  UntrustedMemory() = default;
  UntrustedMemory(uint64_t address, uint64_t size) : address_(address), size_(size) {}

  [[nodiscard]] uint64_t size() const { return size_; }

  template <typename T>
  [[nodiscard]] Untrusted<T> at(uint64_t offset) const {
    return Untrusted<T>(address_ + offset);
  }

  // Copies from the window into the enclave.
  void copy_in(uint64_t offset, std::span<std::byte> to) const {
    uint64_t done = 0;
    for (; to.size() - done >= untrusted::kBlock; done += untrusted::kBlock) {
      const untrusted::Block block = untrusted::load_block(address_ + offset + done);
      std::memcpy(to.data() + done, &block, sizeof block);
    }
    for (; to.size() - done >= untrusted::kWord; done += untrusted::kWord) {
      const uint64_t word = untrusted::load_word(address_ + offset + done);
      std::memcpy(to.data() + done, &word, sizeof word);
    }
    if (done < to.size()) {
      const uint64_t word = untrusted::load_word(address_ + offset + done);
      std::memcpy(to.data() + done, &word, to.size() - done);
    }
  }

  // Copies from the enclave into the window.
  void copy_out(uint64_t offset, std::span<const std::byte> from) const {
    uint64_t done = 0;
    for (; from.size() - done >= untrusted::kBlock; done += untrusted::kBlock) {
      untrusted::Block block;
      std::memcpy(&block, from.data() + done, sizeof block);
      untrusted::store_block(address_ + offset + done, block);
    }
    for (; from.size() - done >= untrusted::kWord; done += untrusted::kWord) {
      uint64_t word;
      std::memcpy(&word, from.data() + done, sizeof word);
      untrusted::store_word(address_ + offset + done, word);
    }
    if (done < from.size()) {
      uint64_t word = 0;
      std::memcpy(&word, from.data() + done, from.size() - done);
      untrusted::store_word(address_ + offset + done, word);
    }
  }

 private:
  uint64_t address_ = 0;
  uint64_t size_ = 0;
};

}  // namespace twine

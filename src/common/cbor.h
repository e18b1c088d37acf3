// Deterministic CBOR (RFC 8949), the part of it that Twine's launch manifest, launch result and evidence use.
//
//   major type   0 unsigned integer, 2 byte string, 3 text string (UTF-8), 4 array, 5 map with
//   unsigned-integer keys,
//                7 false, true, null
//   encoding     section 4.2.1, core deterministic: lengths and integers in the shortest form, definite
//   lengths only,
//                map keys ascending and each once
//
// The decoder refuses everything else: other types, longer forms, keys out of order, unknown keys, trailing
// bytes. So a value has one encoding, and two parties that hash the bytes speak of the same value.
//
// Records. A struct is written as a map from small numbers to its members, all of them, always. It lists them
// once, in ascending order of key, and encode() and decode() both follow that list:
//
//   struct Mount {
//     std::string guest_path;
//     bool read_only = false;
//     static void fields(auto& self, auto&& field) {
//       field(1, "guest_path", self.guest_path);
//       field(2, "read_only", self.read_only);
//     }
//   };
//
// Members may be bool, unsigned integers, enums (is_valid(E) found by argument-dependent lookup says which
// values exist), std::string (text), std::vector<uint8_t> and std::array<uint8_t, N> (bytes), other records,
// std::vector of any of these (array), std::optional of any of these (null when absent).
//
// Freestanding. Nothing is allocated on the word of a length: a string is copied only after its bytes are
// known to be there, an array grows as its items are read.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/result.h"

namespace twine::cbor {

enum class MajorType : uint8_t { unsigned_integer = 0, bytes = 2, text = 3, array = 4, map = 5, simple = 7 };

class Encoder {
 public:
  void unsigned_integer(uint64_t value) { head(MajorType::unsigned_integer, value); }
  void bytes(std::span<const uint8_t> value);
  // Precondition: UTF-8; what is not, the decoder refuses.
  void text(std::string_view value);
  void array(uint64_t items) { head(MajorType::array, items); }
  // The caller writes `entries` keys and values, keys ascending.
  void map(uint64_t entries) { head(MajorType::map, entries); }
  void boolean(bool value) { out_.push_back(value ? 0xF5 : 0xF4); }
  void null() { out_.push_back(0xF6); }

  [[nodiscard]] std::vector<uint8_t> take() && { return std::move(out_); }

 private:
  void head(MajorType type, uint64_t argument);
  std::vector<uint8_t> out_;
};

// Reads items one after the other. Errors are ErrorCode::malformed: "byte 12: …". Views point into the input.
class Decoder {
 public:
  explicit Decoder(std::span<const uint8_t> input) : input_(input) {}

  Result<uint64_t> unsigned_integer();
  Result<std::span<const uint8_t>> bytes();
  Result<std::string_view> text();
  Result<uint64_t> array();  // number of items that follow; never more than bytes that are left
  Result<uint64_t> map();    // number of pairs that follow
  Result<bool> boolean();
  // Whether the next item is null; consumes it if so.
  bool skip_null();
  // Nothing may follow.
  Result<void> finish() const;

  [[nodiscard]] std::unexpected<Error> malformed(std::string_view reason) const;

 private:
  Result<uint64_t> head(MajorType expected);
  Result<std::span<const uint8_t>> string(MajorType type);

  std::span<const uint8_t> input_;
  size_t position_ = 0;
};

namespace internal {

struct AnyField {
  template <typename T>
  void operator()(uint64_t, std::string_view, T&&) {}
};

}  // namespace internal

template <typename T>
concept Record = requires(T& value, internal::AnyField field) { T::fields(value, field); };

// --- encode
// ---------------------------------------------------------------------------------------------------------

inline void encode(Encoder& out, bool value) {
  out.boolean(value);
}
inline void encode(Encoder& out, const std::string& value) {
  out.text(value);
}
inline void encode(Encoder& out, const std::vector<uint8_t>& value) {
  out.bytes(value);
}

template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
void encode(Encoder& out, T value) {
  out.unsigned_integer(value);
}

template <typename T>
  requires std::is_enum_v<T>
void encode(Encoder& out, T value) {
  out.unsigned_integer(std::to_underlying(value));
}

template <size_t N>
void encode(Encoder& out, const std::array<uint8_t, N>& value) {
  out.bytes(value);
}

template <typename T>
void encode(Encoder& out, const std::optional<T>& value);
template <typename T>
void encode(Encoder& out, const std::vector<T>& value);

template <Record T>
void encode(Encoder& out, const T& value) {
  uint64_t count = 0;
  T::fields(value, [&](uint64_t, std::string_view, const auto&) { ++count; });
  out.map(count);
  T::fields(value, [&](uint64_t key, std::string_view, const auto& member) {
    out.unsigned_integer(key);
    encode(out, member);
  });
}

template <typename T>
void encode(Encoder& out, const std::optional<T>& value) {
  if (value) {
    encode(out, *value);
  } else {
    out.null();
  }
}

template <typename T>
void encode(Encoder& out, const std::vector<T>& value) {
  out.array(value.size());
  for (const T& item : value) encode(out, item);
}

// The bytes of one record.
template <Record T>
[[nodiscard]] std::vector<uint8_t> encode(const T& value) {
  Encoder out;
  encode(out, value);
  return std::move(out).take();
}

// --- decode
// ---------------------------------------------------------------------------------------------------------

inline Result<void> decode(Decoder& in, bool& value) {
  value = TWINE_TRY(in.boolean());
  return {};
}
inline Result<void> decode(Decoder& in, std::string& value) {
  value = TWINE_TRY(in.text());
  return {};
}
inline Result<void> decode(Decoder& in, std::vector<uint8_t>& value) {
  const std::span<const uint8_t> bytes = TWINE_TRY(in.bytes());
  value.assign(bytes.begin(), bytes.end());
  return {};
}

template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>)
Result<void> decode(Decoder& in, T& value) {
  const uint64_t wide = TWINE_TRY(in.unsigned_integer());
  if (wide > std::numeric_limits<T>::max()) return in.malformed("number too large for its field");
  value = static_cast<T>(wide);
  return {};
}

template <typename T>
  requires std::is_enum_v<T>
Result<void> decode(Decoder& in, T& value) {
  std::underlying_type_t<T> number{};
  TWINE_TRY(decode(in, number));
  if (!is_valid(static_cast<T>(number))) return in.malformed("unknown value of an enumeration");
  value = static_cast<T>(number);
  return {};
}

template <size_t N>
Result<void> decode(Decoder& in, std::array<uint8_t, N>& value) {
  const std::span<const uint8_t> bytes = TWINE_TRY(in.bytes());
  if (bytes.size() != N) return in.malformed("byte string of the wrong length");
  std::copy(bytes.begin(), bytes.end(), value.begin());
  return {};
}

template <typename T>
Result<void> decode(Decoder& in, std::optional<T>& value);
template <typename T>
Result<void> decode(Decoder& in, std::vector<T>& value);

template <Record T>
Result<void> decode(Decoder& in, T& value) {
  uint64_t expected = 0;
  T::fields(value, [&](uint64_t, std::string_view, const auto&) { ++expected; });
  if (TWINE_TRY(in.map()) != expected) return in.malformed("map with missing or unknown keys");
  Result<void> result;
  T::fields(value, [&](uint64_t key, std::string_view name, auto& member) {
    if (!result) return;
    const Result<uint64_t> found = in.unsigned_integer();
    if (!found) {
      result = std::unexpected(found.error());
    } else if (*found != key) {
      result = within(name, in.malformed("another key stands where this one belongs").error());
    } else if (Result<void> read = decode(in, member); !read) {
      result = within(name, std::move(read).error());
    }
  });
  return result;
}

template <typename T>
Result<void> decode(Decoder& in, std::optional<T>& value) {
  value.reset();
  if (in.skip_null()) return {};
  return decode(in, value.emplace());
}

template <typename T>
Result<void> decode(Decoder& in, std::vector<T>& value) {
  value.clear();
  const uint64_t items = TWINE_TRY(in.array());
  for (uint64_t i = 0; i < items; ++i) {
    T item{};
    TWINE_TRY(decode(in, item));
    value.push_back(std::move(item));
  }
  return {};
}

// One record and nothing after it.
template <Record T>
Result<T> decode(std::span<const uint8_t> bytes) {
  Decoder in(bytes);
  T value{};
  TWINE_TRY(decode(in, value));
  TWINE_TRY(in.finish());
  return value;
}

}  // namespace twine::cbor

// Error messages of this directory: "byte 0x1a3: REASON", the reason put together out of line, so that the
// many places that can fail stay small (they are measured into the enclave).
//
//   return malformed(offset, {"malformed section id ", Hex{id}});
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/result.h"

namespace twine::wasm {

// Written as "0x1a3".
struct Hex {
  uint64_t value;
};

// One piece of a message: characters, or a number in decimal or hexadecimal.
class MessagePart {
 public:
  template <std::convertible_to<std::string_view> T>
  MessagePart(const T& text) : text_(text), kind_(Kind::text) {}  // NOLINT(google-explicit-constructor)
  template <std::unsigned_integral T>
  MessagePart(T number) : number_(number), kind_(Kind::decimal) {}  // NOLINT(google-explicit-constructor)
  MessagePart(Hex hex) : number_(hex.value), kind_(Kind::hex) {}    // NOLINT(google-explicit-constructor)

  void append_to(std::string& message) const;

 private:
  enum class Kind : uint8_t { text, decimal, hex };
  std::string_view text_;
  uint64_t number_ = 0;
  Kind kind_;
};

// The parts live until the end of the full expression, as always with a braced list.
using MessageParts = std::initializer_list<MessagePart>;

// `offset`: of the byte in the file where the fault is.
[[nodiscard]] std::unexpected<Error> fail_at(uint32_t offset, ErrorCode code, MessageParts reason);

// Bytes that do not follow the binary format.
[[nodiscard]] std::unexpected<Error> malformed(uint32_t offset, MessageParts reason);

// A well-formed module that breaks a rule of validation.
[[nodiscard]] std::unexpected<Error> invalid(uint32_t offset, MessageParts reason);

}  // namespace twine::wasm

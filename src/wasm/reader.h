// Reader: the value grammar of the binary format (core specification 2.0, section 5.2) over a span of bytes.
//
// LEB128 is read as strictly as the specification has it: at most ceil(N/7) bytes, and unused bits of the
// last one are zero, or copies of the sign. Every failure says at which byte of the file and why: "byte
// 0x1a3: …".
//
// A Reader does not own its bytes. After a failure its position is unspecified; the caller gives up.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/result.h"
#include "wasm/message.h"

namespace twine::wasm {

class Reader {
 public:
  // `offset`: where `bytes` begin in the file. The file is at most limits::module_bytes long, so 32 bits
  // reach.
  Reader(std::span<const uint8_t> bytes, uint32_t offset)
      : position_(bytes.data()), end_(bytes.data() + bytes.size()), begin_(bytes.data()), offset_(offset) {}

  [[nodiscard]] bool at_end() const { return position_ == end_; }
  [[nodiscard]] uint32_t remaining() const { return static_cast<uint32_t>(end_ - position_); }
  // Offset in the file of the next byte.
  [[nodiscard]] uint32_t offset() const { return offset_ + static_cast<uint32_t>(position_ - begin_); }
  // The bytes not yet read.
  [[nodiscard]] std::span<const uint8_t> rest() const { return {position_, end_}; }
  // The next byte, left unread; 0 at the end.
  [[nodiscard]] uint8_t peek() const { return at_end() ? uint8_t{0} : *position_; }

  // `what` names in error messages the thing that is read.
  Result<uint8_t> byte(std::string_view what) {
    if (at_end()) return truncated(what);
    return *position_++;
  }
  Result<uint32_t> u32(std::string_view what) {  // unsigned LEB128, 32 bits
    if (!at_end() && *position_ < 0x80) return *position_++;
    return long_u32(what);
  }
  Result<int32_t> s32(std::string_view what);   // signed LEB128, 32 bits
  Result<int64_t> s33(std::string_view what);   // signed LEB128, 33 bits (block types)
  Result<int64_t> s64(std::string_view what);   // signed LEB128, 64 bits
  Result<uint32_t> f32(std::string_view what);  // IEEE 754 bits, so that NaN payloads survive
  Result<uint64_t> f64(std::string_view what);
  Result<std::span<const uint8_t>> span(uint32_t size, std::string_view what);

  // A length and that many bytes of UTF-8 (5.2.4), at most limits::name_bytes.
  Result<std::string_view> name(std::string_view what);

  // The length of a vector whose items take at least `min_item_bytes` each: refused when it exceeds `limit`,
  // or what the remaining bytes can hold. So it is safe to reserve.
  Result<uint32_t> count(std::string_view what, uint32_t limit, uint32_t min_item_bytes = 1);

 private:
  [[nodiscard]] std::unexpected<Error> truncated(std::string_view what) const;
  Result<uint32_t> long_u32(std::string_view what);
  template <unsigned bits>
  Result<int64_t> signed_leb(std::string_view what);

  const uint8_t* position_;
  const uint8_t* end_;
  const uint8_t* begin_;
  uint32_t offset_;
};

// Whether the bytes are UTF-8 as the specification (5.2.4) and Unicode define it: shortest form, no
// surrogates.
[[nodiscard]] bool is_utf8(std::span<const uint8_t> bytes);

}  // namespace twine::wasm

#include "wasm/reader.h"

#include <bit>
#include <cstring>

#include "wasm/limits.h"

namespace twine::wasm {

static_assert(std::endian::native == std::endian::little, "floats are read by copying little-endian bytes");

std::unexpected<Error> Reader::truncated(std::string_view what) const {
  return malformed(offset(), {"unexpected end, where ", what, " should be"});
}

Result<uint32_t> Reader::long_u32(std::string_view what) {
  const uint32_t start = offset();
  uint32_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (at_end()) return truncated(what);
    const uint8_t byte = *position_++;
    const unsigned unfilled = 32 - shift;
    if (unfilled <= 7) {
      if (byte >= 0x80) return malformed(start, {what, ": integer representation too long"});
      if ((byte >> unfilled) != 0) return malformed(start, {what, ": integer too large"});
    }
    value |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
}

template <unsigned bits>
Result<int64_t> Reader::signed_leb(std::string_view what) {
  const uint32_t start = offset();
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (at_end()) return truncated(what);
    const uint8_t byte = *position_++;
    const unsigned unfilled = bits - shift;
    if (unfilled <= 7) {
      if (byte >= 0x80) return malformed(start, {what, ": integer representation too long"});
      // The sign bit and all above it agree.
      const unsigned high = byte >> (unfilled - 1);
      if (high != 0 && high != (0x7Fu >> (unfilled - 1)))
        return malformed(start, {what, ": integer too large"});
    }
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      if (shift + 7 < 64 && (byte & 0x40) != 0) value |= ~uint64_t{0} << (shift + 7);
      return static_cast<int64_t>(value);
    }
  }
}

Result<int32_t> Reader::s32(std::string_view what) {
  return static_cast<int32_t>(TWINE_TRY(signed_leb<32>(what)));
}

Result<int64_t> Reader::s33(std::string_view what) {
  return signed_leb<33>(what);
}

Result<int64_t> Reader::s64(std::string_view what) {
  return signed_leb<64>(what);
}

Result<uint32_t> Reader::f32(std::string_view what) {
  const auto bytes = TWINE_TRY(span(4, what));
  uint32_t bits = 0;
  std::memcpy(&bits, bytes.data(), sizeof bits);
  return bits;
}

Result<uint64_t> Reader::f64(std::string_view what) {
  const auto bytes = TWINE_TRY(span(8, what));
  uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), sizeof bits);
  return bits;
}

Result<std::span<const uint8_t>> Reader::span(uint32_t size, std::string_view what) {
  if (size > remaining()) {
    return malformed(offset(), {"unexpected end, ", what, " of ", size, " bytes does not fit in the ",
                                remaining(), " that are left"});
  }
  const std::span<const uint8_t> bytes(position_, size);
  position_ += size;
  return bytes;
}

Result<std::string_view> Reader::name(std::string_view what) {
  const uint32_t start = offset();
  const uint32_t size = TWINE_TRY(u32(what));
  const auto bytes = TWINE_TRY(span(size, what));
  if (size > limits::name_bytes) {
    return fail_at(start, ErrorCode::limit, {what, " is longer than ", limits::name_bytes, " bytes"});
  }
  if (!is_utf8(bytes)) return malformed(start, {what, ": malformed UTF-8 encoding"});
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<uint32_t> Reader::count(std::string_view what, uint32_t limit, uint32_t min_item_bytes) {
  const uint32_t start = offset();
  const uint32_t count = TWINE_TRY(u32(what));
  if (count > remaining() / min_item_bytes) {
    return malformed(start, {"unexpected end, ", count, " ", what, " do not fit in the ", remaining(),
                             " bytes that are left"});
  }
  if (count > limit) {
    return fail_at(start, ErrorCode::limit, {count, " ", what, " exceed the limit of ", limit});
  }
  return count;
}

bool is_utf8(std::span<const uint8_t> bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const uint8_t lead = bytes[i++];
    if (lead < 0x80) continue;
    // Number of continuation bytes, and the range of the first of them that excludes overlong forms,
    // surrogates and code points above U+10FFFF (Unicode, table 3-7).
    unsigned continuations = 0;
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      continuations = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      continuations = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      continuations = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (; continuations > 0; --continuations) {
      if (i == bytes.size() || bytes[i] < low || bytes[i] > high) return false;
      ++i;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace twine::wasm

// Bytes as people compare them: lower-case hexadecimal, most significant first as stored.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace twine::image {

inline std::string to_hex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

}  // namespace twine::image

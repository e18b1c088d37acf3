// UTF-8 as Unicode (table 3-7) and RFC 3629 define it: shortest form, no surrogates, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace twine {

[[nodiscard]] constexpr bool is_utf8(std::span<const uint8_t> bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const uint8_t first = bytes[i++];
    if (first < 0x80) continue;
    size_t continuations = 0;
    uint8_t low = 0x80;  // bounds of the second byte; later ones are 80..BF
    uint8_t high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
      continuations = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      continuations = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      continuations = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (bytes.size() - i < continuations) return false;
    for (size_t k = 0; k < continuations; ++k, ++i) {
      if (bytes[i] < low || bytes[i] > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace twine

// Numbers in messages, for freestanding code that has no std::format.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace twine {

[[nodiscard]] inline std::string decimal(uint64_t value) {
  std::array<char, 20> digits{};  // 2^64 - 1 has twenty
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

}  // namespace twine

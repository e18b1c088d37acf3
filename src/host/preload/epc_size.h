// TWINE_SGX_EPC: how much EPC the machine shall have, "128M" or "4G".
#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace twine::host::preload {

inline constexpr uint64_t kDefaultEpc = uint64_t{1} << 30;

// A number of mebibytes (M) or gibibytes (G), from 1M to 1024G. Nothing for all else.
[[nodiscard]] inline std::optional<uint64_t> parse_epc_size(std::string_view text) {
  uint64_t number = 0;
  const char* const end = std::to_address(text.end());
  const auto [unit, error] = std::from_chars(std::to_address(text.begin()), end, number);
  if (error != std::errc{} || end - unit != 1 || (*unit != 'M' && *unit != 'G')) return std::nullopt;
  const int shift = *unit == 'G' ? 30 : 20;
  constexpr uint64_t kLargest = uint64_t{1024} << 30;
  if (number == 0 || number > kLargest >> shift) return std::nullopt;
  return number << shift;
}

}  // namespace twine::host::preload

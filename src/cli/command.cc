#include "cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>
#include <optional>
#include <string>

namespace twine::cli {

int report_failure(std::string_view message) {
  fmt::print(stderr, "twine: {}\n", message);
  return kSetupFailure;
}

Result<uint64_t> parse_size(std::string_view text) {
  const auto wrong = [text] {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a size; write bytes, or a number with K, M, G or T, as in 512M or 4G",
                    text));
  };
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return wrong();
  std::string_view unit(end, text.data() + text.size());
  if (unit.size() == 3 && unit.ends_with("iB")) unit.remove_suffix(2);
  if (unit == "B") unit.remove_suffix(1);
  constexpr std::string_view kUnits = "KMGT";
  if (!unit.empty()) {
    const size_t power = kUnits.find(unit == "k" ? 'K' : unit.front());
    if (unit.size() != 1 || power == kUnits.npos) return wrong();
    number *= std::exp2(10 * static_cast<double>(power + 1));
  }
  if (!(number >= 0 && number < 0x1p63)) return wrong();  // NaN is neither
  return static_cast<uint64_t>(number);
}

Result<uint64_t> parse_count(std::string_view flag, std::string_view text) {
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} '{}' is not a whole number from 0 to {}", flag,
                                                         text, std::numeric_limits<uint64_t>::max()));
  }
  return count;
}

Result<uint64_t> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  constexpr std::array<Unit, 7> units = {
      {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}, {"h", 3600e9}}};
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const auto* unit = std::ranges::find(units, std::string_view(end, text.data() + text.size()), &Unit::name);
  const double nanoseconds = unit == units.end() ? 0 : number * unit->nanoseconds;
  if (error != std::errc() || !(nanoseconds >= 1 && nanoseconds < 0x1p62)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a time above zero; write a number with h, m, s, ms, us or ns, as in 5s",
                    text));
  }
  return static_cast<uint64_t>(nanoseconds);
}

Result<std::pair<uint64_t, uint64_t>> parse_wall_time(std::string_view text) {
  const auto seconds = [](const std::string& time) -> std::optional<uint64_t> {
    for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
      std::tm fields{};
      const char* end = strptime(time.c_str(), format, &fields);
      if (end == nullptr || *end != '\0') continue;
      const std::time_t since_1970 = timegm(&fields);
      if (since_1970 >= 0 && since_1970 < std::time_t{1} << 33) return static_cast<uint64_t>(since_1970);
    }
    return std::nullopt;
  };
  constexpr uint64_t kSecond = 1'000'000'000;
  const size_t dots = text.find("..");
  if (dots != text.npos) {
    const auto not_before = seconds(std::string(text.substr(0, dots)));
    const auto not_after = seconds(std::string(text.substr(dots + 2)));
    if (not_before && not_after && *not_before <= *not_after)
      return std::pair(*not_before * kSecond, *not_after * kSecond);
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("--wall-time '{}' is not a range of times; write MIN..MAX in UTC, as in "
                          "2026-01-01..2026-06-30T12:00:00",
                          text));
}

Result<std::array<uint8_t, 32>> parse_digest(std::string_view text) {
  std::array<uint8_t, 32> digest;
  const auto wrong = [text] {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not 64 hexadecimal digits", text));
  };
  if (text.size() != 2 * digest.size()) return wrong();
  for (size_t i = 0; i < digest.size(); ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, digest[i], 16);
    if (error != std::errc() || end != digits + 2) return wrong();
  }
  return digest;
}

}  // namespace twine::cli

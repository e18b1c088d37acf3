#include "host/launch/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "host/launch/twm_file.h"
#include "wasm/module.h"

namespace twine::host {
namespace {

using wasm::ValueType;

// Two's complement bits of a number between -2^(bits - 1) and 2^bits - 1.
std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = text.starts_with("0x") || text.starts_with("0X") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const uint64_t largest = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  if (magnitude > (negative ? uint64_t{1} << (bits - 1) : largest)) return std::nullopt;
  return (negative ? 0 - magnitude : magnitude) & largest;
}

// strtof and strtod, because they round each to its own type; the command line runs in the C locale.
template <typename Float>
std::optional<Float> parse_float(const std::string& text, Float (*convert)(const char*, char**)) {
  char* end = nullptr;
  const Float value = convert(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  return value;
}

struct Lanes {
  std::string_view name;
  ValueType type;  // of a lane's text
  unsigned bits;
};
constexpr std::array<Lanes, 6> kShapes = {{{"i8x16", ValueType::i32, 8},
                                           {"i16x8", ValueType::i32, 16},
                                           {"i32x4", ValueType::i32, 32},
                                           {"i64x2", ValueType::i64, 64},
                                           {"f32x4", ValueType::f32, 32},
                                           {"f64x2", ValueType::f64, 64}}};

constexpr std::string_view kVectorForms =
    "a v128 is written as i8x16, i16x8, i32x4, i64x2, f32x4 or f64x2, a colon and its lanes with commas "
    "between, "
    "as in i32x4:1,2,3,4, or as 0x and 32 hexadecimal digits";

// A lane's bits.
std::optional<uint64_t> parse_lane(const Lanes& lanes, std::string_view text) {
  if (lanes.type == ValueType::i32 || lanes.type == ValueType::i64) return parse_integer(text, lanes.bits);
  const Result<WireValue> value = parse_value(lanes.type, text);
  return value ? std::optional(value->low) : std::nullopt;
}

// Both words, or why not.
Result<WireValue> parse_vector(std::string_view text) {
  constexpr size_t kWordDigits = 16;
  constexpr std::string_view kPrefix = "0x";
  WireValue value{.type = static_cast<uint8_t>(ValueType::v128)};
  const auto wrong = [&](const std::string& reason) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' {}; {}", text, reason, kVectorForms));
  };
  if (text.starts_with(kPrefix)) {
    const std::string_view digits = text.substr(kPrefix.size());
    for (size_t word = 0; word < 2 && digits.size() == 2 * kWordDigits; ++word) {
      const char* const first = digits.data() + word * kWordDigits;
      uint64_t& half = word == 0 ? value.high : value.low;
      const auto [end, error] = std::from_chars(first, first + kWordDigits, half, 16);
      if (error != std::errc() || end != first + kWordDigits) return wrong("is not hexadecimal");
    }
    if (digits.size() != 2 * kWordDigits) return wrong(fmt::format("has {} digits, not 32", digits.size()));
    return value;
  }
  const size_t colon = text.find(':');
  const auto* lanes = std::ranges::find(kShapes, text.substr(0, colon), &Lanes::name);
  if (colon == text.npos || lanes == kShapes.end()) return wrong("is not a value of type v128");
  const unsigned count = 128 / lanes->bits;
  std::string_view rest = text.substr(colon + 1);
  for (unsigned lane = 0; lane < count; ++lane) {
    const size_t comma = rest.find(',');
    if ((comma == rest.npos) != (lane + 1 == count))
      return wrong(fmt::format("does not have {} lanes", count));
    const std::optional<uint64_t> bits = parse_lane(*lanes, rest.substr(0, comma));
    if (!bits) return wrong(fmt::format("has a wrong lane {}", lane));
    const unsigned position = lane * lanes->bits;
    (position < 64 ? value.low : value.high) |= *bits << position % 64;
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
  }
  return value;
}

// A NaN's sign and payload are of no use to a person.
template <typename Float>
std::string describe_float(Float value) {
  if (std::isnan(value)) return "nan";
  return fmt::format("{}", value);
}

std::string describe_signature(const wasm::FunctionType& type) {
  std::vector<std::string_view> params;
  params.reserve(type.params.size());
  for (const ValueType param : type.params) params.push_back(wasm::name(param));
  return fmt::format("({})", fmt::join(params, ", "));
}

std::string list_functions(const wasm::Module& module) {
  std::vector<std::string_view> names;
  for (const wasm::Export& entry : module.exports) {
    if (entry.kind == wasm::ExternalKind::function) names.push_back(entry.field);
  }
  if (names.empty()) return "it exports none";
  constexpr size_t kMost = 20;
  const size_t more = names.size() > kMost ? names.size() - kMost : 0;
  names.resize(names.size() - more);
  return fmt::format("it has {}{}", fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

Result<WireValue> parse_value(ValueType type, std::string_view text) {
  WireValue value;
  value.type = static_cast<uint8_t>(type);
  const std::string terminated(text);
  std::optional<uint64_t> bits;
  switch (type) {
    case ValueType::i32:
      bits = parse_integer(text, 32);
      break;
    case ValueType::i64:
      bits = parse_integer(text, 64);
      break;
    case ValueType::f32:
      if (const auto number = parse_float<float>(terminated, std::strtof))
        bits = std::bit_cast<uint32_t>(*number);
      break;
    case ValueType::f64:
      if (const auto number = parse_float<double>(terminated, std::strtod))
        bits = std::bit_cast<uint64_t>(*number);
      break;
    case ValueType::funcref:
    case ValueType::externref:
      if (text == "null") bits = 0;
      break;
    case ValueType::v128:
      return parse_vector(text);
    case ValueType::bottom:
      return fail(ErrorCode::unsupported,
                  fmt::format("a parameter of type {} cannot be given here", wasm::name(type)));
  }
  if (!bits)
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is not a value of type {}", text, wasm::name(type)));
  value.low = *bits;
  return value;
}

std::string describe_value(const WireValue& value) {
  const std::optional<ValueType> type = wasm::value_type(value.type);
  if (!type) return fmt::format("value of unknown type {:#x}", value.type);
  switch (*type) {
    case ValueType::i32:
      return fmt::format("{}", static_cast<int32_t>(value.low));
    case ValueType::i64:
      return fmt::format("{}", static_cast<int64_t>(value.low));
    case ValueType::f32:
      return describe_float(std::bit_cast<float>(static_cast<uint32_t>(value.low)));
    case ValueType::f64:
      return describe_float(std::bit_cast<double>(value.low));
    case ValueType::v128:
      return fmt::format("{:#018x}{:016x}", value.high, value.low);
    case ValueType::funcref:
      return value.low == 0 ? "null" : "funcref";
    case ValueType::externref:
      return value.low == 0 ? "null" : fmt::format("externref {}", value.low - 1);
    case ValueType::bottom:
      break;
  }
  return "unknown";
}

Result<std::vector<WireValue>> read_arguments(const CompiledModule& module, std::string_view export_name,
                                              std::span<const std::string> texts) {
  const TwmFile twm = TWINE_TRY(parse_twm(module.twm));
  const wasm::Module decoded =
      TWINE_TRY(wasm::load(twm.section(TwmSectionKind::wasm, module.twm), wasm::all_features));
  const wasm::Export* const entry = decoded.find_export(export_name);
  if (entry == nullptr || entry->kind != wasm::ExternalKind::function) {
    return fail(ErrorCode::not_found, fmt::format("{}: no exported function is called '{}'; {}", module.name,
                                                  export_name, list_functions(decoded)));
  }
  const wasm::FunctionType& type = decoded.function_type(entry->index);
  if (texts.size() != type.params.size()) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{}: {} takes {} argument{} {}, {} given", module.name, export_name, type.params.size(),
                    type.params.size() == 1 ? "" : "s", describe_signature(type), texts.size()));
  }
  std::vector<WireValue> values;
  for (size_t i = 0; i < texts.size(); ++i) {
    Result<WireValue> value = parse_value(type.params[i], texts[i]);
    if (!value) return within(fmt::format("argument {} of {}", i + 1, export_name), std::move(value).error());
    values.push_back(*value);
  }
  return values;
}

}  // namespace twine::host

// The types of WebAssembly (core specification 2.0, section 2.3; binary form 5.3).
//
// Enumerators of value types carry their binary code, so that decoding is a check and a cast.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace twine::wasm {

enum class ValueType : uint8_t {
  i32 = 0x7F,
  i64 = 0x7E,
  f32 = 0x7D,
  f64 = 0x7C,
  v128 = 0x7B,
  funcref = 0x70,
  externref = 0x6F,
  // Not a type of programs: what the validator finds on the operand stack of unreachable code (appendix A.3,
  // `Unknown`). It matches every type.
  bottom = 0x00,
};

[[nodiscard]] constexpr bool is_reference(ValueType type) {
  return type == ValueType::funcref || type == ValueType::externref;
}
[[nodiscard]] constexpr bool is_numeric(ValueType type) {
  return type >= ValueType::f64 && type <= ValueType::i32;
}

// The name in the text format; "any type" for bottom.
[[nodiscard]] std::string_view name(ValueType type);

// The value type with this binary code, if there is one.
[[nodiscard]] constexpr std::optional<ValueType> value_type(uint8_t code) {
  if ((code >= 0x7B && code <= 0x7F) || code == 0x70 || code == 0x6F) return static_cast<ValueType>(code);
  return std::nullopt;
}

struct FunctionType {
  std::vector<ValueType> params;
  std::vector<ValueType> results;

  bool operator==(const FunctionType&) const = default;
};

// Bounds of a table in elements or of a memory in pages of 64 KiB.
struct Limits {
  uint32_t min = 0;
  std::optional<uint32_t> max;

  bool operator==(const Limits&) const = default;
};

inline constexpr uint32_t page_size = 65536;  // bytes in a page of linear memory
inline constexpr uint32_t max_pages = 65536;  // 4 GiB, all that a 32-bit address reaches

struct TableType {
  ValueType element = ValueType::funcref;  // funcref or externref
  Limits limits;

  bool operator==(const TableType&) const = default;
};

struct MemoryType {
  Limits limits;

  bool operator==(const MemoryType&) const = default;
};

struct GlobalType {
  ValueType value = ValueType::i32;
  bool is_mutable = false;

  bool operator==(const GlobalType&) const = default;
};

// What an import or export is; the enumerators carry the binary code.
enum class ExternalKind : uint8_t { function = 0, table = 1, memory = 2, global = 3 };

[[nodiscard]] std::string_view name(ExternalKind kind);

// What is accepted beyond WebAssembly 2.0, all of which always is. The default is 2.0 to the letter.
struct Features {
  bool tail_call = false;  // return_call, return_call_indirect
  bool extended_const =
      false;  // i32/i64 add, sub, mul in constant expressions, global.get of any earlier immutable global
  bool relaxed_simd = false;
};

inline constexpr Features all_features{.tail_call = true, .extended_const = true, .relaxed_simd = true};

}  // namespace twine::wasm

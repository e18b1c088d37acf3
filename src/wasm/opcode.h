// Instruction codes and what is regular about them, from the one table in opcode.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wasm/types.h"

namespace twine::wasm {

// Where an instruction's code is found: alone in a byte, or after a prefix byte.
enum class OpcodePage : uint16_t {
  plain = 0x000,  // one byte
  bulk = 0x100,   // 0xFC, then LEB128: saturating truncation, bulk memory, tables
  simd = 0x200,   // 0xFD, then LEB128: vectors, relaxed vectors
};
inline constexpr size_t opcode_space = 0x400;  // 256 codes in the first two pages, 512 in the last

// Value = page + code: an index into a flat table. Names are the text format's, with `.` as `_` and a
// trailing `_` for C++ keywords; `select_t` is the select with explicit types.
enum class Opcode : uint16_t {
#define TWINE_OPCODE(enumerator, page, code, text, immediates, signature, feature) \
  enumerator = static_cast<uint16_t>(OpcodePage::page) + (code),
#include "wasm/opcode.def"
};

// What follows the code in the bytes, and which members of Operator hold it (operator_reader.h).
enum class Immediates : uint8_t {
  none,
  block_type,     // block_type
  label,          // index: relative depth of the branch target
  label_table,    // targets
  function,       // index
  type_table,     // index: type; second_index: table
  local,          // index
  global,         // index
  table,          // index
  table_table,    // index: destination; second_index: source
  element,        // index
  element_table,  // index: element segment; second_index: table
  data,           // index
  data_memory,    // index: data segment; second_index: memory, 0
  memory,         // index: memory, 0
  memory_memory,  // index: destination; second_index: source; both 0
  memory_access,  // memory_access
  memory_lane,    // memory_access with its lane
  lane2,          // lane, to be below 2; likewise those that follow
  lane4,
  lane8,
  lane16,
  shuffle,         // bytes: 16 lane numbers, to be below 32
  reference_type,  // type
  select_types,    // select_types
  i32,             // i32
  i64,             // i64
  f32,             // f32_bits
  f64,             // f64_bits
  v128,            // bytes
};

// core: part of WebAssembly 2.0. The others are members of Features.
enum class Feature : uint8_t { core, tail_call, relaxed_simd };

struct OpcodeInfo {
  std::string_view name;  // in the text format; empty: no such instruction
  Immediates immediates = Immediates::none;
  Feature feature = Feature::core;
  uint8_t width = 0;  // log2 of the bytes accessed; memory_access and memory_lane only

  // Operand and result types, where they do not depend on the context; deepest operand first.
  bool is_regular = false;
  uint8_t operand_count = 0;
  std::array<ValueType, 3> operand_types{};
  ValueType result = ValueType::bottom;  // bottom: none

  [[nodiscard]] constexpr bool exists() const { return !name.empty(); }
  [[nodiscard]] constexpr std::span<const ValueType> operands() const {
    return {operand_types.data(), operand_count};
  }
};

extern const std::array<OpcodeInfo, opcode_space> opcode_table;

// Properties of an instruction; for a code that is none, a record with an empty name. `opcode` <
// opcode_space.
[[nodiscard]] inline const OpcodeInfo& info(Opcode opcode) {
  return opcode_table[static_cast<size_t>(opcode)];
}

// Loads and stores, those of vectors and their lanes included.
[[nodiscard]] inline bool accesses_memory(Opcode opcode) {
  const Immediates immediates = info(opcode).immediates;
  return immediates == Immediates::memory_access || immediates == Immediates::memory_lane;
}

[[nodiscard]] inline std::string_view name(Opcode opcode) {
  return info(opcode).name;
}

}  // namespace twine::wasm

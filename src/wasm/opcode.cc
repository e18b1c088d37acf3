#include "wasm/opcode.h"

namespace twine::wasm {
namespace {

consteval ValueType type_of_letter(char letter) {
  switch (letter) {
    case 'i':
      return ValueType::i32;
    case 'I':
      return ValueType::i64;
    case 'f':
      return ValueType::f32;
    case 'F':
      return ValueType::f64;
    case 'v':
      return ValueType::v128;
    default:
      return ValueType::bottom;
  }
}

// Reads a signature of opcode.def, "ii:i".
consteval OpcodeInfo make_info(std::string_view name, Immediates immediates, std::string_view signature,
                               Feature feature, uint8_t width) {
  OpcodeInfo info{.name = name, .immediates = immediates, .feature = feature, .width = width};
  if (signature == "*") return info;
  info.is_regular = true;
  size_t at = 0;
  for (; signature[at] != ':'; ++at) info.operand_types[info.operand_count++] = type_of_letter(signature[at]);
  if (at + 1 < signature.size()) info.result = type_of_letter(signature[at + 1]);
  return info;
}

consteval std::array<OpcodeInfo, opcode_space> make_table() {
  std::array<OpcodeInfo, opcode_space> table{};
#define TWINE_MEMORY_OPCODE(enumerator, page, code, text, immediates, signature, feature, width) \
  table[static_cast<size_t>(Opcode::enumerator)] =                                               \
      make_info(text, Immediates::immediates, signature, Feature::feature, width);
#define TWINE_OPCODE(enumerator, page, code, text, immediates, signature, feature) \
  TWINE_MEMORY_OPCODE(enumerator, page, code, text, immediates, signature, feature, 0)
#include "wasm/opcode.def"
  return table;
}

}  // namespace

constinit const std::array<OpcodeInfo, opcode_space> opcode_table = make_table();

}  // namespace twine::wasm

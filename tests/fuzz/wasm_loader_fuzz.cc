// Decoder and validator on arbitrary bytes, as an attacker would hand them to the enclave.
//
// Beyond not crashing: an error has its form; a module that loads as 2.0 loads with all features too; what
// validated can be walked as a code generator walks it; constant expressions can be evaluated.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "wasm/constant_expression.h"
#include "wasm/module.h"
#include "wasm/validator.h"

namespace {

using namespace twine::wasm;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Context {
  [[nodiscard]] RawValue global(uint32_t index) const { return {index, 0}; }
  [[nodiscard]] RawValue function(uint32_t index) const { return {index, 0}; }
};

void evaluate_all(const Module& module) {
  for (const Global& global : std::span(module.globals).subspan(module.imported_globals)) {
    require(evaluate(global.initialiser, Context{}).has_value());
  }
  for (const ElementSegment& segment : module.elements) {
    if (segment.mode == ElementSegment::Mode::active) require(evaluate(segment.start, Context{}).has_value());
    for (const auto& expression : segment.expressions) require(evaluate(expression, Context{}).has_value());
  }
  for (const DataSegment& segment : module.data) {
    if (segment.mode == DataSegment::Mode::active) require(evaluate(segment.start, Context{}).has_value());
  }
}

void walk(const Module& module) {
  FunctionValidator function(module, all_features);
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) {
    require(function.begin(i).has_value());
    if (function.local_count() > 0)
      require(function.local_type(function.local_count() - 1) != ValueType::bottom);
    uint32_t last = 0;
    while (!function.done()) {
      const auto op = function.read();
      require(op.has_value() && op->offset > last && op->offset < module.bytes.size());
      last = op->offset;
      require(function.check(*op).has_value());
      if (!function.done()) require(function.operands().size() >= function.frame(0).height);
    }
    require(function.finish().has_value());
    require(function.operands().size() == function.type().results.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Inputs may leave out the header, so that mutations go where they matter.
  constexpr std::array<uint8_t, 8> header{0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00};
  std::vector<uint8_t> bytes(data, data + size);
  if (bytes.empty() || bytes[0] != header[0] ||
      !std::ranges::equal(std::span(bytes).first(std::min(size, header.size())),
                          std::span(header).first(std::min(size, header.size())))) {
    bytes.insert(bytes.begin(), header.begin(), header.end());
  }
  const auto plain = load(bytes);
  const auto extended = load(bytes, all_features);
  if (plain) require(extended.has_value());
  if (extended) {
    evaluate_all(*extended);
    walk(*extended);
  } else {
    require(extended.error().message.starts_with("byte 0x"));
    require(extended.error().code != twine::ErrorCode::internal);
  }
  return 0;
}

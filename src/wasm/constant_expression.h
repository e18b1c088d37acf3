// Constant expressions (core specification 2.0, sections 3.3.10 and 4.5.4): initialisers of globals,
// elements, starts of segments.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/result.h"
#include "wasm/module.h"
#include "wasm/operator_reader.h"

namespace twine::wasm {

// Validates an expression that must yield one value of the expected type. Globals below `visible_globals` may
// be read, if they are immutable.
Result<void> validate(const Module& module, const Features& features, const ConstantExpression& expression,
                      ValueType expected, uint32_t visible_globals);

// A value without its type: the raw bits, little endian, unused ones zero. References are what the runtime
// makes of them; null is all zeros.
struct RawValue {
  uint64_t low = 0;
  uint64_t high = 0;  // v128 only

  bool operator==(const RawValue&) const = default;
};

// What the runtime must tell: the value of a global, and the reference to a function.
template <typename T>
concept ConstantContext = requires(const T& context, uint32_t index) {
  { context.global(index) } -> std::convertible_to<RawValue>;
  { context.function(index) } -> std::convertible_to<RawValue>;
};

// The value of an expression of a validated module. Extended constants are evaluated too; whether they are
// allowed was validation's decision. Errors only where the expression did not pass validation.
template <ConstantContext Context>
Result<RawValue> evaluate(const ConstantExpression& expression, const Context& context) {
  OperatorReader reader(expression.bytes, expression.offset, {});
  std::vector<RawValue> stack;
  while (true) {
    const Operator op = TWINE_TRY(reader.next());
    if (reader.done()) break;
    const auto binary = [&](auto compute) -> Result<void> {
      if (stack.size() < 2) return malformed(op.offset, {"constant expression lacks an operand"});
      const uint64_t right = stack.back().low;
      stack.pop_back();
      stack.back().low = compute(stack.back().low, right);
      return {};
    };
    switch (op.opcode) {
      case Opcode::i32_const:
        stack.push_back({static_cast<uint32_t>(op.i32), 0});
        break;
      case Opcode::i64_const:
        stack.push_back({static_cast<uint64_t>(op.i64), 0});
        break;
      case Opcode::f32_const:
        stack.push_back({op.f32_bits, 0});
        break;
      case Opcode::f64_const:
        stack.push_back({op.f64_bits, 0});
        break;
      case Opcode::v128_const: {
        RawValue value;
        std::memcpy(&value.low, op.bytes.data(), 8);
        std::memcpy(&value.high, op.bytes.data() + 8, 8);
        stack.push_back(value);
        break;
      }
      case Opcode::ref_null:
        stack.push_back({});
        break;
      case Opcode::ref_func:
        stack.push_back(context.function(op.index));
        break;
      case Opcode::global_get:
        stack.push_back(context.global(op.index));
        break;
      case Opcode::i32_add:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return static_cast<uint32_t>(a + b); }));
        break;
      case Opcode::i32_sub:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return static_cast<uint32_t>(a - b); }));
        break;
      case Opcode::i32_mul:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return static_cast<uint32_t>(a * b); }));
        break;
      case Opcode::i64_add:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return a + b; }));
        break;
      case Opcode::i64_sub:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return a - b; }));
        break;
      case Opcode::i64_mul:
        TWINE_TRY(binary([](uint64_t a, uint64_t b) { return a * b; }));
        break;
      default:
        return malformed(op.offset, {"not an instruction of constant expressions"});
    }
  }
  if (stack.size() != 1)
    return malformed(expression.offset, {"constant expression does not yield one value"});
  return stack.back();
}

}  // namespace twine::wasm

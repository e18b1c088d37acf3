#include "wasm/constant_expression.h"

#include "wasm/validator.h"

namespace twine::wasm {
namespace {

// Whether an instruction may stand in a constant expression at all.
bool is_constant(Opcode opcode, const Features& features) {
  switch (opcode) {
    case Opcode::i32_const:
    case Opcode::i64_const:
    case Opcode::f32_const:
    case Opcode::f64_const:
    case Opcode::v128_const:
    case Opcode::ref_null:
    case Opcode::ref_func:
    case Opcode::global_get:
      return true;
    case Opcode::i32_add:
    case Opcode::i32_sub:
    case Opcode::i32_mul:
    case Opcode::i64_add:
    case Opcode::i64_sub:
    case Opcode::i64_mul:
      return features.extended_const;
    default:
      return false;
  }
}

// The type that an instruction without operands leaves.
Result<ValueType> leaf_type(const Module& module, const Operator& op, uint32_t visible_globals) {
  switch (op.opcode) {
    case Opcode::ref_null:
      return op.type;
    case Opcode::ref_func:
      if (op.index >= module.functions.size()) return invalid(op.offset, {"unknown function ", op.index});
      return ValueType::funcref;
    case Opcode::global_get: {
      if (op.index >= visible_globals) return invalid(op.offset, {"unknown global ", op.index});
      const GlobalType& type = module.globals[op.index].type;
      if (type.is_mutable) {
        return invalid(op.offset, {"constant expression required: global ", op.index, " is mutable"});
      }
      return type.value;
    }
    default:
      return info(op.opcode).result;
  }
}

}  // namespace

Result<void> validate(const Module& module, const Features& features, const ConstantExpression& expression,
                      ValueType expected, uint32_t visible_globals) {
  OperatorReader reader(expression.bytes, expression.offset, features);
  std::vector<ValueType> stack;
  const auto mismatch = [&](const Operator& op, ValueType wanted) {
    return invalid(op.offset, {"type mismatch in constant expression: expected ", name(wanted), ", found ",
                               stack.empty() ? "nothing" : name(stack.back())});
  };
  while (true) {
    const Operator op = TWINE_TRY(reader.next());
    if (op.opcode == Opcode::end) {
      if (stack.size() == 1 && stack.back() == expected) return {};
      if (stack.size() <= 1) return mismatch(op, expected);
      return invalid(op.offset,
                     {"type mismatch in constant expression: expected one value, found ", stack.size()});
    }
    if (!is_constant(op.opcode, features)) {
      return invalid(op.offset, {"constant expression required: ", name(op.opcode), " is not constant"});
    }
    for (const ValueType operand :
         info(op.opcode).operands()) {  // all of one type, so the order does not matter
      if (stack.empty() || stack.back() != operand) return mismatch(op, operand);
      stack.pop_back();
    }
    stack.push_back(TWINE_TRY(leaf_type(module, op, visible_globals)));
  }
}

}  // namespace twine::wasm

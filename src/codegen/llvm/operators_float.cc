// Floating-point operators (core specification 2.0, section 4.3.3).
//
// LLVM's default floating-point environment fits Wasm's but for one point: LLVM may pass a signalling NaN
// through an operation that it folds away (x * 1.0 → x), where Wasm wants an arithmetic NaN, whose quiet bit
// is set. Operands that invite such a folding are constants. Those of the source are met here, where operators are lowered, for
// every level; those that LLVM finds out, by a pass (quiet_nans.h).
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/quiet_nans.h"

namespace twine::codegen {
namespace {

using llvm::CmpInst;
using llvm::Intrinsic::ID;
using wasm::Opcode;

// In any lane, if it is a vector.
bool is_constant(const llvm::Value* value, double constant) {
  if (const auto* number = llvm::dyn_cast<llvm::ConstantFP>(value)) {
    return number->isExactlyValue(constant);  // tells -0.0 from 0.0
  }
  const auto* vector = llvm::dyn_cast<llvm::Constant>(value);
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  if (vector == nullptr || type == nullptr) return false;
  for (unsigned lane = 0; lane < type->getNumElements(); ++lane) {
    const llvm::Constant* element = vector->getAggregateElement(lane);
    if (element != nullptr && is_constant(element, constant)) return true;
  }
  return false;
}

// Both operands known to leave the other unchanged, or to negate it.
bool is_identity(llvm::Instruction::BinaryOps operation, const llvm::Value* left, const llvm::Value* right) {
  switch (operation) {
    case llvm::Instruction::FAdd:
      return is_constant(right, -0.0) || is_constant(left, -0.0);
    case llvm::Instruction::FSub:
      return is_constant(right, 0.0) || is_constant(left, -0.0);
    case llvm::Instruction::FMul:
      return is_constant(right, 1.0) || is_constant(left, 1.0) || is_constant(right, -1.0) ||
             is_constant(left, -1.0);
    case llvm::Instruction::FDiv:
      return is_constant(right, 1.0) || is_constant(right, -1.0);
    default:
      return false;
  }
}

void arithmetic(Emitter& emitter, llvm::Instruction::BinaryOps operation) {
  llvm::Value* right = emitter.pop();
  llvm::Value* left = emitter.pop();
  emitter.push(float_arithmetic(emitter, operation, left, right));
}

void compare(Emitter& emitter, CmpInst::Predicate predicate) {
  llvm::Value* right = emitter.pop();
  llvm::Value* left = emitter.pop();
  emitter.push_bool(emitter.builder().CreateFCmp(predicate, left, right));
}

void unary(Emitter& emitter, ID intrinsic) {
  emitter.push(emitter.builder().CreateUnaryIntrinsic(intrinsic, emitter.pop()));
}

void minimum_or_maximum(Emitter& emitter, ID intrinsic) {
  llvm::Value* right = emitter.pop();
  llvm::Value* left = emitter.pop();
  emitter.push(float_minimum_or_maximum(emitter, intrinsic, left, right));
}

}  // namespace

llvm::Value* float_arithmetic(Emitter& emitter, llvm::Instruction::BinaryOps operation, llvm::Value* left,
                              llvm::Value* right) {
  if (is_identity(operation, left, right)) {
    if (!llvm::isa<llvm::Constant>(left)) left = make_quiet(emitter.builder(), left);
    if (!llvm::isa<llvm::Constant>(right)) right = make_quiet(emitter.builder(), right);
  }
  return emitter.builder().CreateBinOp(operation, left, right);
}

// llvm.minimum orders the zeros as Wasm does, but may give back a signalling NaN; the sum is a quiet one.
llvm::Value* float_minimum_or_maximum(Emitter& emitter, ID intrinsic, llvm::Value* left, llvm::Value* right) {
  auto& builder = emitter.builder();
  llvm::CallInst* ordered = builder.CreateIntrinsic(intrinsic, {left->getType()}, {left, right});
  ordered->setHasNoNaNs(true);
  return builder.CreateSelect(builder.CreateFCmpUNO(left, right),
                              float_arithmetic(emitter, llvm::Instruction::FAdd, left, right), ordered);
}

void emit_float(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  using enum llvm::Instruction::BinaryOps;
  switch (op.opcode) {
    case f32_eq:
    case f64_eq:
      return compare(emitter, CmpInst::FCMP_OEQ);
    case f32_ne:
    case f64_ne:
      return compare(emitter, CmpInst::FCMP_UNE);
    case f32_lt:
    case f64_lt:
      return compare(emitter, CmpInst::FCMP_OLT);
    case f32_gt:
    case f64_gt:
      return compare(emitter, CmpInst::FCMP_OGT);
    case f32_le:
    case f64_le:
      return compare(emitter, CmpInst::FCMP_OLE);
    case f32_ge:
    case f64_ge:
      return compare(emitter, CmpInst::FCMP_OGE);

    case f32_abs:
    case f64_abs:
      return unary(emitter, llvm::Intrinsic::fabs);
    case f32_neg:
    case f64_neg:
      return emitter.push(emitter.builder().CreateFNeg(emitter.pop()));
    case f32_ceil:
    case f64_ceil:
      return unary(emitter, llvm::Intrinsic::ceil);
    case f32_floor:
    case f64_floor:
      return unary(emitter, llvm::Intrinsic::floor);
    case f32_trunc:
    case f64_trunc:
      return unary(emitter, llvm::Intrinsic::trunc);
    case f32_nearest:
    case f64_nearest:
      return unary(emitter, llvm::Intrinsic::roundeven);
    case f32_sqrt:
    case f64_sqrt:
      return unary(emitter, llvm::Intrinsic::sqrt);

    case f32_add:
    case f64_add:
      return arithmetic(emitter, FAdd);
    case f32_sub:
    case f64_sub:
      return arithmetic(emitter, FSub);
    case f32_mul:
    case f64_mul:
      return arithmetic(emitter, FMul);
    case f32_div:
    case f64_div:
      return arithmetic(emitter, FDiv);
    case f32_min:
    case f64_min:
      return minimum_or_maximum(emitter, llvm::Intrinsic::minimum);
    case f32_max:
    case f64_max:
      return minimum_or_maximum(emitter, llvm::Intrinsic::maximum);
    case f32_copysign:
    case f64_copysign: {
      llvm::Value* sign = emitter.pop();
      llvm::Value* magnitude = emitter.pop();
      return emitter.push(
          emitter.builder().CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude, sign));
    }
    default:
      llvm_unreachable("not a floating-point operator");
  }
}

}  // namespace twine::codegen

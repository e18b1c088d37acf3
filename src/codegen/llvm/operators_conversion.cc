// Conversions (core specification 2.0, section 4.3.4).
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/quiet_nans.h"

namespace twine::codegen {
namespace {

using abi::TrapKind;
using wasm::Opcode;

// The open interval of the values that truncate to an integer of the target type, by its ends. Both ends are
// exact in the source type; where the true lower end is not (below -2^31 - 1 in f32, -2^63 - 1 in either),
// the lowest representable value of the target itself is the first to be in range, which `closed` says.
struct Range {
  double low;
  bool closed;
  double high;
};

Range truncation_range(bool from_f32, bool to_i64, bool is_signed) {
  constexpr double two_31 = 2147483648.0;
  constexpr double two_32 = 4294967296.0;
  constexpr double two_63 = 9223372036854775808.0;
  constexpr double two_64 = 18446744073709551616.0;
  if (!is_signed) return {-1.0, false, to_i64 ? two_64 : two_32};
  if (to_i64) return {-two_63, true, two_63};
  if (from_f32) return {-two_31, true, two_31};
  return {-two_31 - 1.0, false, two_31};
}

void truncate(Emitter& emitter, bool to_i64, bool is_signed) {
  llvm::Value* value = emitter.pop();
  auto& builder = emitter.builder();
  const Range range = truncation_range(value->getType()->isFloatTy(), to_i64, is_signed);
  llvm::Value* low = llvm::ConstantFP::get(value->getType(), range.low);
  llvm::Value* high = llvm::ConstantFP::get(value->getType(), range.high);
  // Unordered comparisons, so that NaN is out of range.
  llvm::Value* below = range.closed ? builder.CreateFCmpULT(value, low) : builder.CreateFCmpULE(value, low);
  llvm::Value* beyond = builder.CreateOr(below, builder.CreateFCmpUGE(value, high));
  emitter.trap_if(beyond, builder.CreateFCmpUNO(value, value), TrapKind::invalid_conversion_to_integer,
                  TrapKind::integer_overflow);
  llvm::Type* type = to_i64 ? builder.getInt64Ty() : builder.getInt32Ty();
  emitter.push(is_signed ? builder.CreateFPToSI(value, type) : builder.CreateFPToUI(value, type));
}

void truncate_saturating(Emitter& emitter, bool to_i64, bool is_signed) {
  llvm::Value* value = emitter.pop();
  auto& builder = emitter.builder();
  llvm::Type* type = to_i64 ? builder.getInt64Ty() : builder.getInt32Ty();
  emitter.push(builder.CreateIntrinsic(is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat,
                                       {type, value->getType()}, {value}));
}

void demote(Emitter& emitter) {
  llvm::Value* value = emitter.pop();
  auto& builder = emitter.builder();
  // LLVM folds the demotion of a promoted value to the value, signalling NaN and all; x + x on NaN makes it
  // quiet.
  if (auto* promotion = llvm::dyn_cast<llvm::FPExtInst>(value)) {
    return emitter.push(make_quiet(builder, promotion->getOperand(0)));
  }
  emitter.push(builder.CreateFPTrunc(value, builder.getFloatTy()));
}

void cast(Emitter& emitter, llvm::Instruction::CastOps operation, llvm::Type* type) {
  emitter.push(emitter.builder().CreateCast(operation, emitter.pop(), type));
}

}  // namespace

void emit_conversion(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  auto& builder = emitter.builder();
  switch (op.opcode) {
    case i32_trunc_f32_s:
    case i32_trunc_f64_s:
      return truncate(emitter, false, true);
    case i32_trunc_f32_u:
    case i32_trunc_f64_u:
      return truncate(emitter, false, false);
    case i64_trunc_f32_s:
    case i64_trunc_f64_s:
      return truncate(emitter, true, true);
    case i64_trunc_f32_u:
    case i64_trunc_f64_u:
      return truncate(emitter, true, false);
    case i32_trunc_sat_f32_s:
    case i32_trunc_sat_f64_s:
      return truncate_saturating(emitter, false, true);
    case i32_trunc_sat_f32_u:
    case i32_trunc_sat_f64_u:
      return truncate_saturating(emitter, false, false);
    case i64_trunc_sat_f32_s:
    case i64_trunc_sat_f64_s:
      return truncate_saturating(emitter, true, true);
    case i64_trunc_sat_f32_u:
    case i64_trunc_sat_f64_u:
      return truncate_saturating(emitter, true, false);

    case i32_wrap_i64:
      return cast(emitter, llvm::Instruction::Trunc, builder.getInt32Ty());
    case i64_extend_i32_s:
      return cast(emitter, llvm::Instruction::SExt, builder.getInt64Ty());
    case i64_extend_i32_u:
      return cast(emitter, llvm::Instruction::ZExt, builder.getInt64Ty());
    case f32_convert_i32_s:
    case f32_convert_i64_s:
      return cast(emitter, llvm::Instruction::SIToFP, builder.getFloatTy());
    case f32_convert_i32_u:
    case f32_convert_i64_u:
      return cast(emitter, llvm::Instruction::UIToFP, builder.getFloatTy());
    case f64_convert_i32_s:
    case f64_convert_i64_s:
      return cast(emitter, llvm::Instruction::SIToFP, builder.getDoubleTy());
    case f64_convert_i32_u:
    case f64_convert_i64_u:
      return cast(emitter, llvm::Instruction::UIToFP, builder.getDoubleTy());
    case f64_promote_f32:
      return cast(emitter, llvm::Instruction::FPExt, builder.getDoubleTy());
    case f32_demote_f64:
      return demote(emitter);
    case i32_reinterpret_f32:
      return cast(emitter, llvm::Instruction::BitCast, builder.getInt32Ty());
    case i64_reinterpret_f64:
      return cast(emitter, llvm::Instruction::BitCast, builder.getInt64Ty());
    case f32_reinterpret_i32:
      return cast(emitter, llvm::Instruction::BitCast, builder.getFloatTy());
    case f64_reinterpret_i64:
      return cast(emitter, llvm::Instruction::BitCast, builder.getDoubleTy());
    default:
      llvm_unreachable("not a conversion");
  }
}

}  // namespace twine::codegen

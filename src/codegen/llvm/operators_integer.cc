// Integer operators (core specification 2.0, section 4.3.2) and constants.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/operators.h"

namespace twine::codegen {
namespace {

using abi::TrapKind;
using llvm::CmpInst;
using llvm::Intrinsic::ID;
using wasm::Opcode;

llvm::Value* same_width(llvm::Value* value, uint64_t constant) {
  return llvm::ConstantInt::get(value->getType(), constant);
}

void compare(Emitter& emitter, CmpInst::Predicate predicate) {
  llvm::Value* right = emitter.pop();
  llvm::Value* left = emitter.pop();
  emitter.push_bool(emitter.builder().CreateICmp(predicate, left, right));
}

void binary(Emitter& emitter, llvm::Instruction::BinaryOps operation) {
  llvm::Value* right = emitter.pop();
  llvm::Value* left = emitter.pop();
  emitter.push(emitter.builder().CreateBinOp(operation, left, right));
}

// The count is taken modulo the width; LLVM leaves larger counts undefined.
void shift(Emitter& emitter, llvm::Instruction::BinaryOps operation) {
  llvm::Value* count = emitter.pop();
  llvm::Value* value = emitter.pop();
  count = emitter.builder().CreateAnd(count, same_width(count, count->getType()->getIntegerBitWidth() - 1));
  emitter.push(emitter.builder().CreateBinOp(operation, value, count));
}

void rotate(Emitter& emitter, ID funnel_shift) {
  llvm::Value* count = emitter.pop();
  llvm::Value* value = emitter.pop();
  emitter.push(emitter.builder().CreateIntrinsic(funnel_shift, {value->getType()}, {value, value, count}));
}

void count_zeros(Emitter& emitter, ID intrinsic) {
  llvm::Value* value = emitter.pop();
  // false: of zero, the width.
  emitter.push(emitter.builder().CreateBinaryIntrinsic(intrinsic, value, emitter.builder().getFalse()));
}

void trap_if_zero(Emitter& emitter, llvm::Value* divisor) {
  emitter.trap_if(emitter.builder().CreateICmpEQ(divisor, same_width(divisor, 0)),
                  TrapKind::integer_divide_by_zero);
}

llvm::Value* is_minus_one(Emitter& emitter, llvm::Value* value) {
  return emitter.builder().CreateICmpEQ(value, llvm::Constant::getAllOnesValue(value->getType()));
}

void divide_signed(Emitter& emitter) {
  llvm::Value* divisor = emitter.pop();
  llvm::Value* dividend = emitter.pop();
  auto& builder = emitter.builder();
  trap_if_zero(emitter, divisor);
  const unsigned width = dividend->getType()->getIntegerBitWidth();
  llvm::Value* smallest = llvm::ConstantInt::get(dividend->getType(), llvm::APInt::getSignedMinValue(width));
  emitter.trap_if(builder.CreateAnd(is_minus_one(emitter, divisor), builder.CreateICmpEQ(dividend, smallest)),
                  TrapKind::integer_overflow);
  emitter.push(builder.CreateSDiv(dividend, divisor));
}

void remainder_signed(Emitter& emitter) {
  llvm::Value* divisor = emitter.pop();
  llvm::Value* dividend = emitter.pop();
  auto& builder = emitter.builder();
  trap_if_zero(emitter, divisor);
  // The remainder by -1 is 0 for every dividend, as it is by 1; for the smallest, idiv would fault.
  divisor = builder.CreateSelect(is_minus_one(emitter, divisor), same_width(divisor, 1), divisor);
  emitter.push(builder.CreateSRem(dividend, divisor));
}

void divide_unsigned(Emitter& emitter, llvm::Instruction::BinaryOps operation) {
  llvm::Value* divisor = emitter.pop();
  llvm::Value* dividend = emitter.pop();
  trap_if_zero(emitter, divisor);
  emitter.push(emitter.builder().CreateBinOp(operation, dividend, divisor));
}

void sign_extend_low(Emitter& emitter, unsigned bits) {
  llvm::Value* value = emitter.pop();
  auto& builder = emitter.builder();
  emitter.push(builder.CreateSExt(builder.CreateTrunc(value, builder.getIntNTy(bits)), value->getType()));
}

}  // namespace

void emit_constant(Emitter& emitter, const wasm::Operator& op) {
  auto& builder = emitter.builder();
  switch (op.opcode) {
    case Opcode::i32_const:
      return emitter.push(builder.getInt32(static_cast<uint32_t>(op.i32)));
    case Opcode::i64_const:
      return emitter.push(builder.getInt64(static_cast<uint64_t>(op.i64)));
    // By their bits: a signalling NaN stays one.
    case Opcode::f32_const:
      return emitter.push(llvm::ConstantFP::get(
          builder.getContext(), llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, op.f32_bits))));
    case Opcode::f64_const:
      return emitter.push(llvm::ConstantFP::get(
          builder.getContext(), llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, op.f64_bits))));
    case Opcode::v128_const:
      return emitter.push(llvm::ConstantDataVector::get(builder.getContext(), op.bytes));
    default:
      llvm_unreachable("not a constant");
  }
}

void emit_integer(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  using enum llvm::Instruction::BinaryOps;
  switch (op.opcode) {
    case i32_eqz:
    case i64_eqz: {
      llvm::Value* value = emitter.pop();
      return emitter.push_bool(emitter.builder().CreateICmpEQ(value, same_width(value, 0)));
    }
    case i32_eq:
    case i64_eq:
      return compare(emitter, CmpInst::ICMP_EQ);
    case i32_ne:
    case i64_ne:
      return compare(emitter, CmpInst::ICMP_NE);
    case i32_lt_s:
    case i64_lt_s:
      return compare(emitter, CmpInst::ICMP_SLT);
    case i32_lt_u:
    case i64_lt_u:
      return compare(emitter, CmpInst::ICMP_ULT);
    case i32_gt_s:
    case i64_gt_s:
      return compare(emitter, CmpInst::ICMP_SGT);
    case i32_gt_u:
    case i64_gt_u:
      return compare(emitter, CmpInst::ICMP_UGT);
    case i32_le_s:
    case i64_le_s:
      return compare(emitter, CmpInst::ICMP_SLE);
    case i32_le_u:
    case i64_le_u:
      return compare(emitter, CmpInst::ICMP_ULE);
    case i32_ge_s:
    case i64_ge_s:
      return compare(emitter, CmpInst::ICMP_SGE);
    case i32_ge_u:
    case i64_ge_u:
      return compare(emitter, CmpInst::ICMP_UGE);

    case i32_clz:
    case i64_clz:
      return count_zeros(emitter, llvm::Intrinsic::ctlz);
    case i32_ctz:
    case i64_ctz:
      return count_zeros(emitter, llvm::Intrinsic::cttz);
    case i32_popcnt:
    case i64_popcnt:
      return emitter.push(emitter.builder().CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, emitter.pop()));

    case i32_add:
    case i64_add:
      return binary(emitter, Add);
    case i32_sub:
    case i64_sub:
      return binary(emitter, Sub);
    case i32_mul:
    case i64_mul:
      return binary(emitter, Mul);
    case i32_and:
    case i64_and:
      return binary(emitter, And);
    case i32_or:
    case i64_or:
      return binary(emitter, Or);
    case i32_xor:
    case i64_xor:
      return binary(emitter, Xor);
    case i32_div_s:
    case i64_div_s:
      return divide_signed(emitter);
    case i32_div_u:
    case i64_div_u:
      return divide_unsigned(emitter, UDiv);
    case i32_rem_s:
    case i64_rem_s:
      return remainder_signed(emitter);
    case i32_rem_u:
    case i64_rem_u:
      return divide_unsigned(emitter, URem);
    case i32_shl:
    case i64_shl:
      return shift(emitter, Shl);
    case i32_shr_s:
    case i64_shr_s:
      return shift(emitter, AShr);
    case i32_shr_u:
    case i64_shr_u:
      return shift(emitter, LShr);
    case i32_rotl:
    case i64_rotl:
      return rotate(emitter, llvm::Intrinsic::fshl);
    case i32_rotr:
    case i64_rotr:
      return rotate(emitter, llvm::Intrinsic::fshr);

    case i32_extend8_s:
    case i64_extend8_s:
      return sign_extend_low(emitter, 8);
    case i32_extend16_s:
    case i64_extend16_s:
      return sign_extend_low(emitter, 16);
    case i64_extend32_s:
      return sign_extend_low(emitter, 32);
    default:
      llvm_unreachable("not an integer operator");
  }
}

}  // namespace twine::codegen

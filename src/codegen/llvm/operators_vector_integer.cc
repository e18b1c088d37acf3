// Integer vector operators (core specification 2.0, section 4.3.2, lane by lane), and the relaxed ones.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/vectors.h"

namespace twine::codegen {
namespace {

using llvm::CmpInst;
using llvm::Intrinsic::ID;
using wasm::Opcode;

struct Operands {
  llvm::Value* left;
  llvm::Value* right;
};

Operands pop_two(Emitter& emitter, Shape shape) {
  llvm::Value* right = pop_vector(emitter, shape);
  return {pop_vector(emitter, shape), right};
}

void compare(Emitter& emitter, Shape shape, CmpInst::Predicate predicate) {
  auto& builder = emitter.builder();
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter,
              builder.CreateSExt(builder.CreateICmp(predicate, left, right), vector_type(emitter, shape)));
}

void binary(Emitter& emitter, Shape shape, llvm::Instruction::BinaryOps operation) {
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, emitter.builder().CreateBinOp(operation, left, right));
}

void binary(Emitter& emitter, Shape shape, ID intrinsic) {
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, emitter.builder().CreateBinaryIntrinsic(intrinsic, left, right));
}

// An x86 instruction on operands of `shape`.
void machine_binary(Emitter& emitter, Shape shape, ID intrinsic) {
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, emitter.builder().CreateIntrinsic(intrinsic, {}, {left, right}));
}

// The count is taken modulo the width of a lane; LLVM leaves larger counts undefined.
void shift(Emitter& emitter, Shape shape, llvm::Instruction::BinaryOps operation) {
  auto& builder = emitter.builder();
  llvm::Value* count = builder.CreateAnd(emitter.pop(), lane_bits(shape) - 1);
  count = builder.CreateZExtOrTrunc(count, builder.getIntNTy(lane_bits(shape)));
  llvm::Value* vector = pop_vector(emitter, shape);
  push_vector(emitter,
              builder.CreateBinOp(operation, vector, builder.CreateVectorSplat(lanes(shape), count)));
}

void absolute(Emitter& emitter, Shape shape) {
  auto& builder = emitter.builder();
  // false: of the smallest, itself.
  push_vector(emitter, builder.CreateBinaryIntrinsic(llvm::Intrinsic::abs, pop_vector(emitter, shape),
                                                     builder.getFalse()));
}

llvm::Value* extended(Emitter& emitter, llvm::Value* narrow, Shape wide, bool is_signed) {
  auto& builder = emitter.builder();
  llvm::Type* type = vector_type(emitter, wide);
  return is_signed ? builder.CreateSExt(narrow, type) : builder.CreateZExt(narrow, type);
}

void extend(Emitter& emitter, Shape shape, bool high, bool is_signed) {
  llvm::Value* narrow = half(emitter, pop_vector(emitter, narrowed(shape)), high);
  push_vector(emitter, extended(emitter, narrow, shape, is_signed));
}

void extended_multiply(Emitter& emitter, Shape shape, bool high, bool is_signed) {
  const auto [left, right] = pop_two(emitter, narrowed(shape));
  push_vector(emitter,
              emitter.builder().CreateMul(extended(emitter, half(emitter, left, high), shape, is_signed),
                                          extended(emitter, half(emitter, right, high), shape, is_signed)));
}

// A wide lane holds two narrow ones: the odd is its upper half, and the even what is left when shifted up and
// down again, or masked.
void extended_add_pairwise(Emitter& emitter, Shape shape, bool is_signed) {
  auto& builder = emitter.builder();
  llvm::Value* pairs = pop_vector(emitter, shape);
  const uint64_t bits = lane_bits(shape) / 2;
  llvm::Value* odd;
  llvm::Value* even;
  if (is_signed) {
    odd = builder.CreateAShr(pairs, bits);
    even = builder.CreateAShr(builder.CreateShl(pairs, bits), bits);
  } else {
    odd = builder.CreateLShr(pairs, bits);
    even = builder.CreateAnd(pairs, splat(emitter, shape, (uint64_t{1} << bits) - 1));
  }
  push_vector(emitter, builder.CreateAdd(odd, even));
}

// (left + right + 1) / 2 in lanes wide enough not to overflow; LLVM knows it as one instruction.
void rounding_average(Emitter& emitter, Shape shape) {
  auto& builder = emitter.builder();
  const auto [left, right] = pop_two(emitter, shape);
  auto* wide = integer_vector(emitter, lanes(shape), 2 * lane_bits(shape));
  llvm::Value* sum = builder.CreateAdd(builder.CreateZExt(left, wide), builder.CreateZExt(right, wide));
  sum = builder.CreateAdd(sum, llvm::ConstantInt::get(wide, 1));
  push_vector(emitter, builder.CreateTrunc(builder.CreateLShr(sum, 1), left->getType()));
}

// pmulhrsw is this operator but for -1 * -1, which it leaves at -1 (0x8000) where the nearest to 1 is 0x7fff.
void q15_multiply(Emitter& emitter, bool relaxed) {
  auto& builder = emitter.builder();
  constexpr uint64_t minus_one = 0x8000;
  const auto [left, right] = pop_two(emitter, Shape::i16x8);
  llvm::Value* product =
      builder.CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {}, {left, right});
  if (!relaxed) {
    llvm::Value* overflown = builder.CreateICmpEQ(product, splat(emitter, Shape::i16x8, minus_one));
    product = builder.CreateXor(product, builder.CreateSExt(overflown, product->getType()));
  }
  push_vector(emitter, product);
}

// pmaddubsw takes its first operand as unsigned, its second as signed, and saturates the sums of pairs, each of
// which the relaxed operators allow for a second operand beyond 7 bits.
llvm::Value* relaxed_dot(Emitter& emitter) {
  const auto [left, right] = pop_two(emitter, Shape::i8x16);
  return emitter.builder().CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pmadd_ub_sw_128, {}, {right, left});
}

void relaxed_dot_add(Emitter& emitter) {
  auto& builder = emitter.builder();
  llvm::Value* addend = pop_vector(emitter, Shape::i32x4);
  llvm::Value* pairs = relaxed_dot(emitter);
  llvm::Value* sums = builder.CreateIntrinsic(llvm::Intrinsic::x86_sse2_pmadd_wd, {},
                                              {pairs, splat(emitter, Shape::i16x8, uint64_t{1})});
  push_vector(emitter, builder.CreateAdd(sums, addend));
}

// What the names share in all shapes: comparisons, sums, shifts.
bool emit_regular(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  using enum llvm::Instruction::BinaryOps;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case i8x16_eq:
    case i16x8_eq:
    case i32x4_eq:
    case i64x2_eq:
      compare(emitter, shape, CmpInst::ICMP_EQ);
      return true;
    case i8x16_ne:
    case i16x8_ne:
    case i32x4_ne:
    case i64x2_ne:
      compare(emitter, shape, CmpInst::ICMP_NE);
      return true;
    case i8x16_lt_s:
    case i16x8_lt_s:
    case i32x4_lt_s:
    case i64x2_lt_s:
      compare(emitter, shape, CmpInst::ICMP_SLT);
      return true;
    case i8x16_lt_u:
    case i16x8_lt_u:
    case i32x4_lt_u:
      compare(emitter, shape, CmpInst::ICMP_ULT);
      return true;
    case i8x16_gt_s:
    case i16x8_gt_s:
    case i32x4_gt_s:
    case i64x2_gt_s:
      compare(emitter, shape, CmpInst::ICMP_SGT);
      return true;
    case i8x16_gt_u:
    case i16x8_gt_u:
    case i32x4_gt_u:
      compare(emitter, shape, CmpInst::ICMP_UGT);
      return true;
    case i8x16_le_s:
    case i16x8_le_s:
    case i32x4_le_s:
    case i64x2_le_s:
      compare(emitter, shape, CmpInst::ICMP_SLE);
      return true;
    case i8x16_le_u:
    case i16x8_le_u:
    case i32x4_le_u:
      compare(emitter, shape, CmpInst::ICMP_ULE);
      return true;
    case i8x16_ge_s:
    case i16x8_ge_s:
    case i32x4_ge_s:
    case i64x2_ge_s:
      compare(emitter, shape, CmpInst::ICMP_SGE);
      return true;
    case i8x16_ge_u:
    case i16x8_ge_u:
    case i32x4_ge_u:
      compare(emitter, shape, CmpInst::ICMP_UGE);
      return true;

    case i8x16_abs:
    case i16x8_abs:
    case i32x4_abs:
    case i64x2_abs:
      absolute(emitter, shape);
      return true;
    case i8x16_neg:
    case i16x8_neg:
    case i32x4_neg:
    case i64x2_neg:
      push_vector(emitter, emitter.builder().CreateNeg(pop_vector(emitter, shape)));
      return true;
    case i8x16_add:
    case i16x8_add:
    case i32x4_add:
    case i64x2_add:
      binary(emitter, shape, Add);
      return true;
    case i8x16_sub:
    case i16x8_sub:
    case i32x4_sub:
    case i64x2_sub:
      binary(emitter, shape, Sub);
      return true;
    case i16x8_mul:
    case i32x4_mul:
    case i64x2_mul:
      binary(emitter, shape, Mul);
      return true;
    case i8x16_min_s:
    case i16x8_min_s:
    case i32x4_min_s:
      binary(emitter, shape, llvm::Intrinsic::smin);
      return true;
    case i8x16_min_u:
    case i16x8_min_u:
    case i32x4_min_u:
      binary(emitter, shape, llvm::Intrinsic::umin);
      return true;
    case i8x16_max_s:
    case i16x8_max_s:
    case i32x4_max_s:
      binary(emitter, shape, llvm::Intrinsic::smax);
      return true;
    case i8x16_max_u:
    case i16x8_max_u:
    case i32x4_max_u:
      binary(emitter, shape, llvm::Intrinsic::umax);
      return true;
    case i8x16_shl:
    case i16x8_shl:
    case i32x4_shl:
    case i64x2_shl:
      shift(emitter, shape, Shl);
      return true;
    case i8x16_shr_s:
    case i16x8_shr_s:
    case i32x4_shr_s:
    case i64x2_shr_s:
      shift(emitter, shape, AShr);
      return true;
    case i8x16_shr_u:
    case i16x8_shr_u:
    case i32x4_shr_u:
    case i64x2_shr_u:
      shift(emitter, shape, LShr);
      return true;
    default:
      return false;
  }
}

// Results of another width than the operands'.
bool emit_resizing(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case i8x16_narrow_i16x8_s:
      machine_binary(emitter, Shape::i16x8, llvm::Intrinsic::x86_sse2_packsswb_128);
      return true;
    case i8x16_narrow_i16x8_u:
      machine_binary(emitter, Shape::i16x8, llvm::Intrinsic::x86_sse2_packuswb_128);
      return true;
    case i16x8_narrow_i32x4_s:
      machine_binary(emitter, Shape::i32x4, llvm::Intrinsic::x86_sse2_packssdw_128);
      return true;
    case i16x8_narrow_i32x4_u:
      machine_binary(emitter, Shape::i32x4, llvm::Intrinsic::x86_sse41_packusdw);
      return true;

    case i16x8_extend_low_i8x16_s:
    case i32x4_extend_low_i16x8_s:
    case i64x2_extend_low_i32x4_s:
      extend(emitter, shape, /*high=*/false, /*is_signed=*/true);
      return true;
    case i16x8_extend_high_i8x16_s:
    case i32x4_extend_high_i16x8_s:
    case i64x2_extend_high_i32x4_s:
      extend(emitter, shape, /*high=*/true, /*is_signed=*/true);
      return true;
    case i16x8_extend_low_i8x16_u:
    case i32x4_extend_low_i16x8_u:
    case i64x2_extend_low_i32x4_u:
      extend(emitter, shape, /*high=*/false, /*is_signed=*/false);
      return true;
    case i16x8_extend_high_i8x16_u:
    case i32x4_extend_high_i16x8_u:
    case i64x2_extend_high_i32x4_u:
      extend(emitter, shape, /*high=*/true, /*is_signed=*/false);
      return true;

    case i16x8_extmul_low_i8x16_s:
    case i32x4_extmul_low_i16x8_s:
    case i64x2_extmul_low_i32x4_s:
      extended_multiply(emitter, shape, /*high=*/false, /*is_signed=*/true);
      return true;
    case i16x8_extmul_high_i8x16_s:
    case i32x4_extmul_high_i16x8_s:
    case i64x2_extmul_high_i32x4_s:
      extended_multiply(emitter, shape, /*high=*/true, /*is_signed=*/true);
      return true;
    case i16x8_extmul_low_i8x16_u:
    case i32x4_extmul_low_i16x8_u:
    case i64x2_extmul_low_i32x4_u:
      extended_multiply(emitter, shape, /*high=*/false, /*is_signed=*/false);
      return true;
    case i16x8_extmul_high_i8x16_u:
    case i32x4_extmul_high_i16x8_u:
    case i64x2_extmul_high_i32x4_u:
      extended_multiply(emitter, shape, /*high=*/true, /*is_signed=*/false);
      return true;

    case i16x8_extadd_pairwise_i8x16_s:
    case i32x4_extadd_pairwise_i16x8_s:
      extended_add_pairwise(emitter, shape, /*is_signed=*/true);
      return true;
    case i16x8_extadd_pairwise_i8x16_u:
    case i32x4_extadd_pairwise_i16x8_u:
      extended_add_pairwise(emitter, shape, /*is_signed=*/false);
      return true;
    default:
      return false;
  }
}

}  // namespace

void emit_vector_integer(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  if (emit_regular(emitter, op) || emit_resizing(emitter, op)) return;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case i8x16_popcnt:
      return push_vector(emitter, emitter.builder().CreateUnaryIntrinsic(llvm::Intrinsic::ctpop,
                                                                         pop_vector(emitter, shape)));
    case i8x16_avgr_u:
    case i16x8_avgr_u:
      return rounding_average(emitter, shape);
    case i8x16_add_sat_s:
    case i16x8_add_sat_s:
      return binary(emitter, shape, llvm::Intrinsic::sadd_sat);
    case i8x16_add_sat_u:
    case i16x8_add_sat_u:
      return binary(emitter, shape, llvm::Intrinsic::uadd_sat);
    case i8x16_sub_sat_s:
    case i16x8_sub_sat_s:
      return binary(emitter, shape, llvm::Intrinsic::ssub_sat);
    case i8x16_sub_sat_u:
    case i16x8_sub_sat_u:
      return binary(emitter, shape, llvm::Intrinsic::usub_sat);
    case i16x8_q15mulr_sat_s:
      return q15_multiply(emitter, /*relaxed=*/false);
    case i16x8_relaxed_q15mulr_s:
      return q15_multiply(emitter, /*relaxed=*/true);
    case i32x4_dot_i16x8_s:
      return machine_binary(emitter, Shape::i16x8, llvm::Intrinsic::x86_sse2_pmadd_wd);
    case i16x8_relaxed_dot_i8x16_i7x16_s:
      return push_vector(emitter, relaxed_dot(emitter));
    case i32x4_relaxed_dot_i8x16_i7x16_add_s:
      return relaxed_dot_add(emitter);
    default:
      llvm_unreachable("not an integer vector operator");
  }
}

}  // namespace twine::codegen

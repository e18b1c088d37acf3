// Floating-point vector operators and conversions (core specification 2.0, sections 4.3.3 and 4.3.4, lane by
// lane), and the relaxed ones, each of which does what one x86 instruction does.
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

constexpr double kTwo31 = 2147483648.0;
constexpr double kTwo52 = 4503599627370496.0;
constexpr double kMaxI32 = 2147483647.0;
constexpr double kMaxU32 = 4294967295.0;

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
  llvm::Value* bits = builder.CreateFCmp(predicate, left, right);
  push_vector(emitter, builder.CreateSExt(bits, vector_type(emitter, integer_shape(shape))));
}

void unary(Emitter& emitter, Shape shape, ID intrinsic) {
  push_vector(emitter, emitter.builder().CreateUnaryIntrinsic(intrinsic, pop_vector(emitter, shape)));
}

void arithmetic(Emitter& emitter, Shape shape, llvm::Instruction::BinaryOps operation) {
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, float_arithmetic(emitter, operation, left, right));
}

void minimum_or_maximum(Emitter& emitter, Shape shape, ID intrinsic) {
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, float_minimum_or_maximum(emitter, intrinsic, left, right));
}

// pmin(a, b) = b < a ? b : a; pmax(a, b) = a < b ? b : a. A minps or maxps with its operands exchanged.
void pseudo_minimum_or_maximum(Emitter& emitter, Shape shape, CmpInst::Predicate right_wins) {
  auto& builder = emitter.builder();
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, builder.CreateSelect(builder.CreateFCmp(right_wins, right, left), right, left));
}

// minps and maxps as they are: the second operand when either is NaN or both are zeros.
void relaxed_minimum_or_maximum(Emitter& emitter, Shape shape, CmpInst::Predicate left_wins) {
  auto& builder = emitter.builder();
  const auto [left, right] = pop_two(emitter, shape);
  push_vector(emitter, builder.CreateSelect(builder.CreateFCmp(left_wins, left, right), left, right));
}

// Fused where the instruction set of the code has it, so that a compiled module computes the same on every machine
// that it runs on.
void relaxed_multiply_add(Emitter& emitter, Shape shape, bool negated) {
  auto& builder = emitter.builder();
  llvm::Value* addend = pop_vector(emitter, shape);
  auto [left, right] = pop_two(emitter, shape);
  if (negated) left = builder.CreateFNeg(left);
  if (emitter.unit().has_fused_multiply_add()) {
    push_vector(emitter,
                builder.CreateIntrinsic(llvm::Intrinsic::fma, {left->getType()}, {left, right, addend}));
    return;
  }
  llvm::Value* product = float_arithmetic(emitter, llvm::Instruction::FMul, left, right);
  push_vector(emitter, float_arithmetic(emitter, llvm::Instruction::FAdd, product, addend));
}

// NaN lanes become 0, the others stay.
llvm::Value* zero_for_nan(Emitter& emitter, Shape shape, llvm::Value* vector) {
  auto& builder = emitter.builder();
  return builder.CreateSelect(builder.CreateFCmpORD(vector, vector), vector, splat(emitter, shape, 0.0));
}

// NaN and negative lanes become 0.
llvm::Value* zero_for_negative(Emitter& emitter, Shape shape, llvm::Value* vector) {
  auto& builder = emitter.builder();
  llvm::Value* zero = splat(emitter, shape, 0.0);
  return builder.CreateSelect(builder.CreateFCmpOGT(vector, zero), vector, zero);
}

llvm::Value* at_most(Emitter& emitter, Shape shape, llvm::Value* vector, double limit) {
  auto& builder = emitter.builder();
  llvm::Value* bound = splat(emitter, shape, limit);
  return builder.CreateSelect(builder.CreateFCmpOLT(vector, bound), vector, bound);
}

// cvttps2dq gives 0x8000'0000 for whatever does not fit, which is right for what lies below the range.
llvm::Value* convert_f32x4(Emitter& emitter, llvm::Value* vector) {
  return emitter.builder().CreateIntrinsic(llvm::Intrinsic::x86_sse2_cvttps2dq, {}, {vector});
}

// All ones in the lanes that are 2^31 or more.
llvm::Value* beyond_i32(Emitter& emitter, llvm::Value* vector) {
  auto& builder = emitter.builder();
  return builder.CreateSExt(builder.CreateFCmpOGE(vector, splat(emitter, Shape::f32x4, kTwo31)),
                            vector_type(emitter, Shape::i32x4));
}

void truncate_f32x4_signed(Emitter& emitter) {
  llvm::Value* vector = zero_for_nan(emitter, Shape::f32x4, pop_vector(emitter, Shape::f32x4));
  push_vector(emitter,
              emitter.builder().CreateXor(convert_f32x4(emitter, vector), beyond_i32(emitter, vector)));
}

// Below 2^31 the conversion does; from there on it gives 2^31, to which what is above 2^31 is added, converted on its
// own and saturated at 2^31 - 1.
void truncate_f32x4_unsigned(Emitter& emitter) {
  auto& builder = emitter.builder();
  llvm::Value* vector = zero_for_negative(emitter, Shape::f32x4, pop_vector(emitter, Shape::f32x4));
  llvm::Value* above = builder.CreateFSub(vector, splat(emitter, Shape::f32x4, kTwo31));
  llvm::Value* rest = builder.CreateXor(convert_f32x4(emitter, above), beyond_i32(emitter, above));
  rest =
      builder.CreateBinaryIntrinsic(llvm::Intrinsic::smax, rest, splat(emitter, Shape::i32x4, uint64_t{0}));
  push_vector(emitter, builder.CreateAdd(convert_f32x4(emitter, vector), rest));
}

// cvttpd2dq: as cvttps2dq, with zeros in the upper lanes.
llvm::Value* convert_f64x2(Emitter& emitter, llvm::Value* vector) {
  return emitter.builder().CreateIntrinsic(llvm::Intrinsic::x86_sse2_cvttpd2dq, {}, {vector});
}

void truncate_f64x2_signed(Emitter& emitter) {
  llvm::Value* vector = zero_for_nan(emitter, Shape::f64x2, pop_vector(emitter, Shape::f64x2));
  push_vector(emitter, convert_f64x2(emitter, at_most(emitter, Shape::f64x2, vector, kMaxI32)));
}

// An integer in [0, 2^32) added to 2^52 stands in the low bits of the sum.
void truncate_f64x2_unsigned(Emitter& emitter) {
  auto& builder = emitter.builder();
  llvm::Value* vector = zero_for_negative(emitter, Shape::f64x2, pop_vector(emitter, Shape::f64x2));
  vector =
      builder.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, at_most(emitter, Shape::f64x2, vector, kMaxU32));
  llvm::Value* sum = builder.CreateFAdd(vector, splat(emitter, Shape::f64x2, kTwo52));
  llvm::Value* words = builder.CreateBitCast(sum, vector_type(emitter, Shape::i32x4));
  push_vector(emitter, builder.CreateShuffleVector(words, splat(emitter, Shape::i32x4, uint64_t{0}),
                                                   llvm::ArrayRef<int>{0, 2, 4, 4}));
}

void convert(Emitter& emitter, Shape shape, bool is_signed) {
  auto& builder = emitter.builder();
  llvm::Value* integers = pop_vector(emitter, Shape::i32x4);
  if (shape == Shape::f64x2) integers = half(emitter, integers, /*high=*/false);
  llvm::Type* type = vector_type(emitter, shape);
  push_vector(emitter,
              is_signed ? builder.CreateSIToFP(integers, type) : builder.CreateUIToFP(integers, type));
}

void promote(Emitter& emitter) {
  llvm::Value* low = half(emitter, pop_vector(emitter, Shape::f32x4), /*high=*/false);
  push_vector(emitter, emitter.builder().CreateFPExt(low, vector_type(emitter, Shape::f64x2)));
}

// By the instruction, since LLVM would fold the demotion of a promoted signalling NaN to that NaN.
void demote(Emitter& emitter) {
  push_vector(emitter, emitter.builder().CreateIntrinsic(llvm::Intrinsic::x86_sse2_cvtpd2ps, {},
                                                         {pop_vector(emitter, Shape::f64x2)}));
}

bool emit_vector_conversion(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case i32x4_trunc_sat_f32x4_s:
      truncate_f32x4_signed(emitter);
      return true;
    case i32x4_trunc_sat_f32x4_u:
    case i32x4_relaxed_trunc_f32x4_u:  // no instruction for it below AVX-512
      truncate_f32x4_unsigned(emitter);
      return true;
    case i32x4_trunc_sat_f64x2_s_zero:
      truncate_f64x2_signed(emitter);
      return true;
    case i32x4_trunc_sat_f64x2_u_zero:
    case i32x4_relaxed_trunc_f64x2_u_zero:
      truncate_f64x2_unsigned(emitter);
      return true;
    case i32x4_relaxed_trunc_f32x4_s:
      push_vector(emitter, convert_f32x4(emitter, pop_vector(emitter, Shape::f32x4)));
      return true;
    case i32x4_relaxed_trunc_f64x2_s_zero:
      push_vector(emitter, convert_f64x2(emitter, pop_vector(emitter, Shape::f64x2)));
      return true;
    case f32x4_convert_i32x4_s:
    case f64x2_convert_low_i32x4_s:
      convert(emitter, shape, /*is_signed=*/true);
      return true;
    case f32x4_convert_i32x4_u:
    case f64x2_convert_low_i32x4_u:
      convert(emitter, shape, /*is_signed=*/false);
      return true;
    case f64x2_promote_low_f32x4:
      promote(emitter);
      return true;
    case f32x4_demote_f64x2_zero:
      demote(emitter);
      return true;
    default:
      return false;
  }
}

bool emit_vector_comparison(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case f32x4_eq:
    case f64x2_eq:
      compare(emitter, shape, CmpInst::FCMP_OEQ);
      return true;
    case f32x4_ne:
    case f64x2_ne:
      compare(emitter, shape, CmpInst::FCMP_UNE);
      return true;
    case f32x4_lt:
    case f64x2_lt:
      compare(emitter, shape, CmpInst::FCMP_OLT);
      return true;
    case f32x4_gt:
    case f64x2_gt:
      compare(emitter, shape, CmpInst::FCMP_OGT);
      return true;
    case f32x4_le:
    case f64x2_le:
      compare(emitter, shape, CmpInst::FCMP_OLE);
      return true;
    case f32x4_ge:
    case f64x2_ge:
      compare(emitter, shape, CmpInst::FCMP_OGE);
      return true;
    default:
      return false;
  }
}

}  // namespace

void emit_vector_float(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  using enum llvm::Instruction::BinaryOps;
  if (emit_vector_conversion(emitter, op) || emit_vector_comparison(emitter, op)) return;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case f32x4_abs:
    case f64x2_abs:
      return unary(emitter, shape, llvm::Intrinsic::fabs);
    case f32x4_neg:
    case f64x2_neg:
      return push_vector(emitter, emitter.builder().CreateFNeg(pop_vector(emitter, shape)));
    case f32x4_ceil:
    case f64x2_ceil:
      return unary(emitter, shape, llvm::Intrinsic::ceil);
    case f32x4_floor:
    case f64x2_floor:
      return unary(emitter, shape, llvm::Intrinsic::floor);
    case f32x4_trunc:
    case f64x2_trunc:
      return unary(emitter, shape, llvm::Intrinsic::trunc);
    case f32x4_nearest:
    case f64x2_nearest:
      return unary(emitter, shape, llvm::Intrinsic::roundeven);
    case f32x4_sqrt:
    case f64x2_sqrt:
      return unary(emitter, shape, llvm::Intrinsic::sqrt);

    case f32x4_add:
    case f64x2_add:
      return arithmetic(emitter, shape, FAdd);
    case f32x4_sub:
    case f64x2_sub:
      return arithmetic(emitter, shape, FSub);
    case f32x4_mul:
    case f64x2_mul:
      return arithmetic(emitter, shape, FMul);
    case f32x4_div:
    case f64x2_div:
      return arithmetic(emitter, shape, FDiv);
    case f32x4_min:
    case f64x2_min:
      return minimum_or_maximum(emitter, shape, llvm::Intrinsic::minimum);
    case f32x4_max:
    case f64x2_max:
      return minimum_or_maximum(emitter, shape, llvm::Intrinsic::maximum);
    case f32x4_pmin:
    case f64x2_pmin:
      return pseudo_minimum_or_maximum(emitter, shape, CmpInst::FCMP_OLT);
    case f32x4_pmax:
    case f64x2_pmax:
      return pseudo_minimum_or_maximum(emitter, shape, CmpInst::FCMP_OGT);
    case f32x4_relaxed_min:
    case f64x2_relaxed_min:
      return relaxed_minimum_or_maximum(emitter, shape, CmpInst::FCMP_OLT);
    case f32x4_relaxed_max:
    case f64x2_relaxed_max:
      return relaxed_minimum_or_maximum(emitter, shape, CmpInst::FCMP_OGT);
    case f32x4_relaxed_madd:
    case f64x2_relaxed_madd:
      return relaxed_multiply_add(emitter, shape, /*negated=*/false);
    case f32x4_relaxed_nmadd:
    case f64x2_relaxed_nmadd:
      return relaxed_multiply_add(emitter, shape, /*negated=*/true);
    default:
      llvm_unreachable("not a floating-point vector operator");
  }
}

}  // namespace twine::codegen

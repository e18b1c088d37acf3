// Vector operators on bits and lanes (core specification 2.0, section 4.4.3): constants, shuffles, lane access,
// bitwise logic, tests. Arithmetic is in operators_vector_integer.cc and operators_vector_float.cc.
//
// Where x86 has an instruction for just that Wasm operator, its intrinsic stands here; LLVM's generic vectors do
// the rest, and see through them to fold, combine and hoist.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/vectors.h"

namespace twine::codegen {
namespace {

using wasm::Opcode;

// A scalar operand as a lane: i32 stands for lanes of 8 and 16 bits too.
llvm::Value* pop_lane(Emitter& emitter, Shape shape) {
  llvm::Value* value = emitter.pop();
  return is_float(shape)
             ? value
             : emitter.builder().CreateTrunc(value, emitter.builder().getIntNTy(lane_bits(shape)));
}

void extract_lane(Emitter& emitter, const wasm::Operator& op, bool is_signed) {
  auto& builder = emitter.builder();
  const Shape shape = shape_of(op.opcode);
  llvm::Value* lane = builder.CreateExtractElement(pop_vector(emitter, shape), uint64_t{op.lane});
  if (lane_bits(shape) < 32) {
    lane = is_signed ? builder.CreateSExt(lane, builder.getInt32Ty())
                     : builder.CreateZExt(lane, builder.getInt32Ty());
  }
  emitter.push(lane);
}

void replace_lane(Emitter& emitter, const wasm::Operator& op) {
  const Shape shape = shape_of(op.opcode);
  llvm::Value* lane = pop_lane(emitter, shape);
  llvm::Value* vector = pop_vector(emitter, shape);
  push_vector(emitter, emitter.builder().CreateInsertElement(vector, lane, uint64_t{op.lane}));
}

void shuffle(Emitter& emitter, const wasm::Operator& op) {
  llvm::Value* second = pop_vector(emitter, Shape::i8x16);
  llvm::Value* first = pop_vector(emitter, Shape::i8x16);
  const std::vector<int> mask(op.bytes.begin(), op.bytes.end());
  push_vector(emitter, emitter.builder().CreateShuffleVector(first, second, mask));
}

// pshufb takes the low 4 bits of an index, and gives 0 where the highest is set. The saturating addition sets it
// for every index beyond 15; the relaxed operator leaves indices from 16 to 127 to the machine.
void swizzle(Emitter& emitter, bool relaxed) {
  auto& builder = emitter.builder();
  constexpr uint64_t highest_beyond_15 = 0x70;
  llvm::Value* indices = pop_vector(emitter, Shape::i8x16);
  llvm::Value* vector = pop_vector(emitter, Shape::i8x16);
  if (!relaxed) {
    indices = builder.CreateBinaryIntrinsic(llvm::Intrinsic::uadd_sat, indices,
                                            splat(emitter, Shape::i8x16, highest_beyond_15));
  }
  push_vector(emitter,
              builder.CreateIntrinsic(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {}, {vector, indices}));
}

void bitwise(Emitter& emitter, llvm::Instruction::BinaryOps operation, bool complement_right = false) {
  auto& builder = emitter.builder();
  llvm::Value* right = pop_vector(emitter, Shape::i64x2);
  llvm::Value* left = pop_vector(emitter, Shape::i64x2);
  if (complement_right) right = builder.CreateNot(right);
  push_vector(emitter, builder.CreateBinOp(operation, left, right));
}

void bitselect(Emitter& emitter) {
  auto& builder = emitter.builder();
  llvm::Value* mask = pop_vector(emitter, Shape::i64x2);
  llvm::Value* otherwise = pop_vector(emitter, Shape::i64x2);
  llvm::Value* value = pop_vector(emitter, Shape::i64x2);
  push_vector(emitter, builder.CreateOr(builder.CreateAnd(value, mask),
                                        builder.CreateAnd(otherwise, builder.CreateNot(mask))));
}

// By the highest bit of each lane of the mask, as the blend instructions decide.
void relaxed_laneselect(Emitter& emitter, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* mask = pop_vector(emitter, shape);
  llvm::Value* otherwise = pop_vector(emitter, shape);
  llvm::Value* value = pop_vector(emitter, shape);
  push_vector(emitter, builder.CreateSelect(builder.CreateICmpSLT(mask, splat(emitter, shape, uint64_t{0})),
                                            value, otherwise));
}

void any_true(Emitter& emitter) {
  auto& builder = emitter.builder();
  llvm::Value* bits = builder.CreateBitCast(emitter.pop(), builder.getInt128Ty());
  emitter.push_bool(builder.CreateIsNotNull(bits));
}

void all_true(Emitter& emitter, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* zero_lanes =
      builder.CreateICmpEQ(pop_vector(emitter, shape), splat(emitter, shape, uint64_t{0}));
  llvm::Value* bits = builder.CreateBitCast(zero_lanes, builder.getIntNTy(lanes(shape)));
  emitter.push_bool(builder.CreateIsNull(bits));
}

void bitmask(Emitter& emitter, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* negative =
      builder.CreateICmpSLT(pop_vector(emitter, shape), splat(emitter, shape, uint64_t{0}));
  llvm::Value* bits = builder.CreateBitCast(negative, builder.getIntNTy(lanes(shape)));
  emitter.push(builder.CreateZExt(bits, builder.getInt32Ty()));
}

}  // namespace

void emit_vector(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  using enum llvm::Instruction::BinaryOps;
  const Shape shape = shape_of(op.opcode);
  switch (op.opcode) {
    case i8x16_splat:
    case i16x8_splat:
    case i32x4_splat:
    case i64x2_splat:
    case f32x4_splat:
    case f64x2_splat:
      return push_vector(emitter,
                         emitter.builder().CreateVectorSplat(lanes(shape), pop_lane(emitter, shape)));
    case i8x16_extract_lane_s:
    case i16x8_extract_lane_s:
      return extract_lane(emitter, op, true);
    case i8x16_extract_lane_u:
    case i16x8_extract_lane_u:
    case i32x4_extract_lane:
    case i64x2_extract_lane:
    case f32x4_extract_lane:
    case f64x2_extract_lane:
      return extract_lane(emitter, op, false);
    case i8x16_replace_lane:
    case i16x8_replace_lane:
    case i32x4_replace_lane:
    case i64x2_replace_lane:
    case f32x4_replace_lane:
    case f64x2_replace_lane:
      return replace_lane(emitter, op);
    case i8x16_shuffle:
      return shuffle(emitter, op);
    case i8x16_swizzle:
      return swizzle(emitter, /*relaxed=*/false);
    case i8x16_relaxed_swizzle:
      return swizzle(emitter, /*relaxed=*/true);

    case v128_not:
      return push_vector(emitter, emitter.builder().CreateNot(pop_vector(emitter, shape)));
    case v128_and:
      return bitwise(emitter, And);
    case v128_andnot:
      return bitwise(emitter, And, /*complement_right=*/true);
    case v128_or:
      return bitwise(emitter, Or);
    case v128_xor:
      return bitwise(emitter, Xor);
    case v128_bitselect:
      return bitselect(emitter);
    case i8x16_relaxed_laneselect:
    case i16x8_relaxed_laneselect:
    case i32x4_relaxed_laneselect:
    case i64x2_relaxed_laneselect:
      return relaxed_laneselect(emitter, shape);

    case v128_any_true:
      return any_true(emitter);
    case i8x16_all_true:
    case i16x8_all_true:
    case i32x4_all_true:
    case i64x2_all_true:
      return all_true(emitter, shape);
    case i8x16_bitmask:
    case i16x8_bitmask:
    case i32x4_bitmask:
    case i64x2_bitmask:
      return bitmask(emitter, shape);

    // Integers, but from floating-point numbers.
    case i32x4_trunc_sat_f32x4_s:
    case i32x4_trunc_sat_f32x4_u:
    case i32x4_trunc_sat_f64x2_s_zero:
    case i32x4_trunc_sat_f64x2_u_zero:
    case i32x4_relaxed_trunc_f32x4_s:
    case i32x4_relaxed_trunc_f32x4_u:
    case i32x4_relaxed_trunc_f64x2_s_zero:
    case i32x4_relaxed_trunc_f64x2_u_zero:
      return emit_vector_float(emitter, op);
    default:
      return is_float(shape) ? emit_vector_float(emitter, op) : emit_vector_integer(emitter, op);
  }
}

}  // namespace twine::codegen

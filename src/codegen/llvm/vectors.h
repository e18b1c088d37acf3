// Vectors on the operand stack (core specification 2.0, section 4.3.5): the shapes an operator sees them in.
//
// On the stack, in locals and in signatures a v128 is <16 x i8>, which stays in one XMM register whatever its
// lanes mean. Each operator casts its operands to its own shape and its result back; casts that meet cancel.
#pragma once

#include <llvm/IR/DerivedTypes.h>

#include <cstdint>

#include "codegen/llvm/emitter.h"
#include "wasm/opcode.h"
#include "wasm/operator_reader.h"

namespace twine::codegen {

enum class Shape : uint8_t { i8x16, i16x8, i32x4, i64x2, f32x4, f64x2 };

inline bool is_float(Shape shape) {
  return shape == Shape::f32x4 || shape == Shape::f64x2;
}

// The shape that an operator's name begins with. Those of `v128.` see bits: i64x2.
Shape shape_of(wasm::Opcode opcode);

unsigned lanes(Shape shape);
unsigned lane_bits(Shape shape);
// Integer lanes of the same width, or of twice or half the width and half or twice their number.
Shape integer_shape(Shape shape);
Shape widened(Shape shape);
Shape narrowed(Shape shape);

llvm::FixedVectorType* vector_type(Emitter& emitter, Shape shape);
// `lanes` integers of `bits` bits.
llvm::FixedVectorType* integer_vector(Emitter& emitter, unsigned lanes, unsigned bits);

// The topmost operand as that shape.
llvm::Value* pop_vector(Emitter& emitter, Shape shape);
// Any vector of 128 bits.
void push_vector(Emitter& emitter, llvm::Value* vector);

// A vector with this constant in every lane.
llvm::Constant* splat(Emitter& emitter, Shape shape, uint64_t value);
llvm::Constant* splat(Emitter& emitter, Shape shape, double value);

// The lower or upper half of the lanes.
llvm::Value* half(Emitter& emitter, llvm::Value* vector, bool high);

// Operators of the vector page that do not access memory: all, and the two families they consist of besides
// lanes, bits and shuffles.
void emit_vector(Emitter& emitter, const wasm::Operator& op);
void emit_vector_integer(Emitter& emitter, const wasm::Operator& op);
void emit_vector_float(Emitter& emitter, const wasm::Operator& op);  // with conversions

}  // namespace twine::codegen

#include "codegen/llvm/vectors.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>

#include <array>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace twine::codegen {

namespace {

struct ShapeInfo {
  std::string_view prefix;
  unsigned lanes;
  unsigned bits;
};

// In the order of Shape.
constexpr std::array<ShapeInfo, 6> kShapes = {{{"i8x16.", 16, 8},
                                               {"i16x8.", 8, 16},
                                               {"i32x4.", 4, 32},
                                               {"i64x2.", 2, 64},
                                               {"f32x4.", 4, 32},
                                               {"f64x2.", 2, 64}}};

const ShapeInfo& info(Shape shape) {
  return kShapes[std::to_underlying(shape)];
}

}  // namespace

Shape shape_of(wasm::Opcode opcode) {
  const std::string_view name = wasm::name(opcode);
  for (size_t index = 0; index < kShapes.size(); ++index) {
    if (name.starts_with(kShapes[index].prefix)) return static_cast<Shape>(index);
  }
  return Shape::i64x2;
}

unsigned lanes(Shape shape) {
  return info(shape).lanes;
}
unsigned lane_bits(Shape shape) {
  return info(shape).bits;
}

Shape integer_shape(Shape shape) {
  if (shape == Shape::f32x4) return Shape::i32x4;
  return shape == Shape::f64x2 ? Shape::i64x2 : shape;
}

// Integer shapes follow each other by width.
Shape widened(Shape shape) {
  return static_cast<Shape>(std::to_underlying(shape) + 1);
}
Shape narrowed(Shape shape) {
  return static_cast<Shape>(std::to_underlying(shape) - 1);
}

llvm::FixedVectorType* integer_vector(Emitter& emitter, unsigned lanes, unsigned bits) {
  return llvm::FixedVectorType::get(emitter.builder().getIntNTy(bits), lanes);
}

llvm::FixedVectorType* vector_type(Emitter& emitter, Shape shape) {
  if (!is_float(shape)) return integer_vector(emitter, lanes(shape), lane_bits(shape));
  auto& builder = emitter.builder();
  llvm::Type* lane = shape == Shape::f32x4 ? builder.getFloatTy() : builder.getDoubleTy();
  return llvm::FixedVectorType::get(lane, lanes(shape));
}

llvm::Value* pop_vector(Emitter& emitter, Shape shape) {
  llvm::Value* value = emitter.pop();
  llvm::Type* type = vector_type(emitter, shape);
  if (const auto* cast = llvm::dyn_cast<llvm::BitCastInst>(value);
      cast != nullptr && cast->getSrcTy() == type) {
    return cast->getOperand(0);
  }
  return emitter.builder().CreateBitCast(value, type);
}

void push_vector(Emitter& emitter, llvm::Value* vector) {
  emitter.push(emitter.builder().CreateBitCast(vector, emitter.unit().type(wasm::ValueType::v128)));
}

llvm::Constant* splat(Emitter& emitter, Shape shape, uint64_t value) {
  return llvm::ConstantInt::get(vector_type(emitter, integer_shape(shape)), value);
}

llvm::Constant* splat(Emitter& emitter, Shape shape, double value) {
  return llvm::ConstantFP::get(vector_type(emitter, shape), value);
}

llvm::Value* half(Emitter& emitter, llvm::Value* vector, bool high) {
  const unsigned count = llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements() / 2;
  std::vector<int> mask(count);
  std::iota(mask.begin(), mask.end(), high ? static_cast<int>(count) : 0);
  return emitter.builder().CreateShuffleVector(vector, mask);
}

}  // namespace twine::codegen

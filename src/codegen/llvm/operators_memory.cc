// Memory operators (core specification 2.0, section 4.4.7) and globals.
//
// An access is volatile: LLVM neither deletes it nor moves it over another volatile access, and so the order
// of effects (docs/abi.md) holds. The optimiser's own passes drop `volatile` where that is proven to make no
// difference. Globals are written with volatile stores for the same reason, but read with plain loads, which
// cannot trap.
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/vectors.h"

namespace twine::codegen {
namespace {

using abi::RuntimeEntry;
using wasm::Opcode;

// base + zero-extended index + displacement. Whatever that is, it is inside the reservation.
llvm::Value* address(Emitter& emitter, llvm::Value* index, uint32_t displacement) {
  auto& builder = emitter.builder();
  llvm::Value* pointer = builder.CreateGEP(builder.getInt8Ty(), emitter.memory_base(),
                                           builder.CreateZExt(index, builder.getInt64Ty()));
  if (displacement == 0) return pointer;
  return builder.CreateGEP(builder.getInt8Ty(), pointer, builder.getInt64(displacement));
}

// Every access to linear memory is made by these two.
llvm::LoadInst* load_at(Emitter& emitter, llvm::Type* type, llvm::Value* pointer) {
  llvm::LoadInst* load =
      emitter.builder().CreateAlignedLoad(type, pointer, llvm::Align(1), /*isVolatile=*/true);
  load->setMetadata(llvm::LLVMContext::MD_tbaa, emitter.unit().alias_tag(MemoryKind::linear));
  return load;
}

void store_at(Emitter& emitter, llvm::Value* value, llvm::Value* pointer) {
  llvm::StoreInst* store =
      emitter.builder().CreateAlignedStore(value, pointer, llvm::Align(1), /*isVolatile=*/true);
  store->setMetadata(llvm::LLVMContext::MD_tbaa, emitter.unit().alias_tag(MemoryKind::linear));
}

llvm::LoadInst* load(Emitter& emitter, const wasm::Operator& op, llvm::Type* type) {
  return load_at(emitter, type, address(emitter, emitter.pop(), op.memory_access.offset));
}

void load_extended(Emitter& emitter, const wasm::Operator& op, unsigned bits, bool to_i64, bool is_signed) {
  auto& builder = emitter.builder();
  llvm::Value* narrow = load(emitter, op, builder.getIntNTy(bits));
  llvm::Type* type = to_i64 ? builder.getInt64Ty() : builder.getInt32Ty();
  emitter.push(is_signed ? builder.CreateSExt(narrow, type) : builder.CreateZExt(narrow, type));
}

void store(Emitter& emitter, const wasm::Operator& op, unsigned bits) {
  auto& builder = emitter.builder();
  llvm::Value* value = emitter.pop();
  if (value->getType()->isIntegerTy() && value->getType()->getIntegerBitWidth() > bits) {
    value = builder.CreateTrunc(value, builder.getIntNTy(bits));
  }
  store_at(emitter, value, address(emitter, emitter.pop(), op.memory_access.offset));
}

// Half a vector, its lanes widened. Loaded as one integer: a volatile vector of 64 bits might be loaded in parts.
void load_widened(Emitter& emitter, const wasm::Operator& op, Shape wide, bool is_signed) {
  auto& builder = emitter.builder();
  llvm::Value* narrow = builder.CreateBitCast(load(emitter, op, builder.getInt64Ty()),
                                              integer_vector(emitter, lanes(wide), lane_bits(wide) / 2));
  llvm::Type* type = vector_type(emitter, wide);
  push_vector(emitter, is_signed ? builder.CreateSExt(narrow, type) : builder.CreateZExt(narrow, type));
}

void load_splat(Emitter& emitter, const wasm::Operator& op, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* lane = load(emitter, op, builder.getIntNTy(lane_bits(shape)));
  push_vector(emitter, builder.CreateVectorSplat(lanes(shape), lane));
}

void load_zero(Emitter& emitter, const wasm::Operator& op, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* lane = load(emitter, op, builder.getIntNTy(lane_bits(shape)));
  push_vector(emitter, builder.CreateInsertElement(splat(emitter, shape, uint64_t{0}), lane, uint64_t{0}));
}

void load_lane(Emitter& emitter, const wasm::Operator& op, Shape shape) {
  auto& builder = emitter.builder();
  llvm::Value* vector = pop_vector(emitter, shape);
  llvm::Value* lane = load(emitter, op, builder.getIntNTy(lane_bits(shape)));
  push_vector(emitter, builder.CreateInsertElement(vector, lane, uint64_t{op.memory_access.lane}));
}

void store_lane(Emitter& emitter, const wasm::Operator& op, Shape shape) {
  llvm::Value* vector = pop_vector(emitter, shape);
  emitter.push(emitter.builder().CreateExtractElement(vector, uint64_t{op.memory_access.lane}));
  store(emitter, op, lane_bits(shape));
}

// Copies and fills of a constant length up to this are a few moves instead of a call of the runtime: what eight vector registers hold.
constexpr uint32_t kMaxInlineBytes = 128;

// The pieces that `length` bytes are moved in: sizes, the largest first.
std::vector<uint32_t> pieces(uint32_t length) {
  std::vector<uint32_t> sizes;
  for (uint32_t size = 16; size > 0; size /= 2) {
    for (; length >= size; length -= size) sizes.push_back(size);
  }
  return sizes;
}

llvm::Type* piece_type(Emitter& emitter, uint32_t size) {
  auto& builder = emitter.builder();
  return size == 16 ? emitter.unit().type(wasm::ValueType::v128)
                    : static_cast<llvm::Type*>(builder.getIntNTy(size * 8));
}

// Nothing may be stored where a part of the range lies out of bounds. The last byte tells: a memory is accessible from its beginning on.
void probe_last_byte(Emitter& emitter, llvm::Value* index, uint32_t length) {
  load_at(emitter, emitter.builder().getInt8Ty(), address(emitter, index, length - 1));
}

// memory.copy: everything is loaded before anything is stored, so that the ranges may overlap.
void copy_inline(Emitter& emitter, llvm::Value* to, llvm::Value* from, uint32_t length) {
  std::vector<llvm::Value*> loaded;
  uint32_t offset = 0;
  for (const uint32_t size : pieces(length)) {
    loaded.push_back(load_at(emitter, piece_type(emitter, size), address(emitter, from, offset)));
    offset += size;
  }
  probe_last_byte(emitter, to, length);
  offset = 0;
  for (llvm::Value* value : loaded) {
    store_at(emitter, value, address(emitter, to, offset));
    offset += static_cast<uint32_t>(value->getType()->getPrimitiveSizeInBits() / 8);
  }
}

void fill_inline(Emitter& emitter, llvm::Value* to, llvm::Value* value, uint32_t length) {
  auto& builder = emitter.builder();
  llvm::Value* byte = builder.CreateTrunc(value, builder.getInt8Ty());
  probe_last_byte(emitter, to, length);
  uint32_t offset = 0;
  for (const uint32_t size : pieces(length)) {
    llvm::Value* filled =
        size == 1 ? byte
                  : builder.CreateBitCast(builder.CreateVectorSplat(size, byte), piece_type(emitter, size));
    store_at(emitter, filled, address(emitter, to, offset));
    offset += size;
  }
}

// The length on top of the stack, when it is a constant that is worth to be inline; 0 otherwise.
uint32_t inline_length(Emitter& emitter) {
  const auto* length = llvm::dyn_cast<llvm::ConstantInt>(emitter.top(1)[0]);
  if (length == nullptr || length->getZExtValue() > kMaxInlineBytes) return 0;
  return static_cast<uint32_t>(length->getZExtValue());
}

}  // namespace

void emit_vector_access(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  switch (op.opcode) {
    case v128_load:
      return emitter.push(load(emitter, op, emitter.unit().type(wasm::ValueType::v128)));
    case v128_store:
      return store(emitter, op, 128);
    case v128_load8x8_s:
      return load_widened(emitter, op, Shape::i16x8, true);
    case v128_load8x8_u:
      return load_widened(emitter, op, Shape::i16x8, false);
    case v128_load16x4_s:
      return load_widened(emitter, op, Shape::i32x4, true);
    case v128_load16x4_u:
      return load_widened(emitter, op, Shape::i32x4, false);
    case v128_load32x2_s:
      return load_widened(emitter, op, Shape::i64x2, true);
    case v128_load32x2_u:
      return load_widened(emitter, op, Shape::i64x2, false);
    case v128_load8_splat:
      return load_splat(emitter, op, Shape::i8x16);
    case v128_load16_splat:
      return load_splat(emitter, op, Shape::i16x8);
    case v128_load32_splat:
      return load_splat(emitter, op, Shape::i32x4);
    case v128_load64_splat:
      return load_splat(emitter, op, Shape::i64x2);
    case v128_load32_zero:
      return load_zero(emitter, op, Shape::i32x4);
    case v128_load64_zero:
      return load_zero(emitter, op, Shape::i64x2);
    case v128_load8_lane:
      return load_lane(emitter, op, Shape::i8x16);
    case v128_load16_lane:
      return load_lane(emitter, op, Shape::i16x8);
    case v128_load32_lane:
      return load_lane(emitter, op, Shape::i32x4);
    case v128_load64_lane:
      return load_lane(emitter, op, Shape::i64x2);
    case v128_store8_lane:
      return store_lane(emitter, op, Shape::i8x16);
    case v128_store16_lane:
      return store_lane(emitter, op, Shape::i16x8);
    case v128_store32_lane:
      return store_lane(emitter, op, Shape::i32x4);
    case v128_store64_lane:
      return store_lane(emitter, op, Shape::i64x2);
    default:
      llvm_unreachable("not a vector access");
  }
}

void emit_memory_access(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  auto& builder = emitter.builder();
  switch (op.opcode) {
    case i32_load:
      return emitter.push(load(emitter, op, builder.getInt32Ty()));
    case i64_load:
      return emitter.push(load(emitter, op, builder.getInt64Ty()));
    case f32_load:
      return emitter.push(load(emitter, op, builder.getFloatTy()));
    case f64_load:
      return emitter.push(load(emitter, op, builder.getDoubleTy()));
    case i32_load8_s:
      return load_extended(emitter, op, 8, false, true);
    case i32_load8_u:
      return load_extended(emitter, op, 8, false, false);
    case i32_load16_s:
      return load_extended(emitter, op, 16, false, true);
    case i32_load16_u:
      return load_extended(emitter, op, 16, false, false);
    case i64_load8_s:
      return load_extended(emitter, op, 8, true, true);
    case i64_load8_u:
      return load_extended(emitter, op, 8, true, false);
    case i64_load16_s:
      return load_extended(emitter, op, 16, true, true);
    case i64_load16_u:
      return load_extended(emitter, op, 16, true, false);
    case i64_load32_s:
      return load_extended(emitter, op, 32, true, true);
    case i64_load32_u:
      return load_extended(emitter, op, 32, true, false);
    case i32_store8:
    case i64_store8:
      return store(emitter, op, 8);
    case i32_store16:
    case i64_store16:
      return store(emitter, op, 16);
    case i64_store32:
      return store(emitter, op, 32);
    case i32_store:
    case i64_store:
    case f32_store:
    case f64_store:
      return store(emitter, op, 64);
    default:
      llvm_unreachable("not a memory access");
  }
}

void emit_bulk_memory(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  auto& builder = emitter.builder();
  llvm::Type* nothing = builder.getVoidTy();
  // Calls an entry with these indices and then `operands` of the stack.
  const auto enter = [&](RuntimeEntry entry, llvm::Type* result, std::vector<llvm::Value*> arguments,
                         size_t operands) {
    for (llvm::Value* operand : emitter.pop(operands)) arguments.push_back(operand);
    return emitter.call_runtime(entry, result, arguments);
  };
  switch (op.opcode) {
    case memory_size: {
      llvm::Value* pages = builder.CreateLShr(emitter.memory_size_bytes(), 16);
      return emitter.push(builder.CreateTrunc(pages, builder.getInt32Ty()));
    }
    case memory_grow:
      return emitter.push(enter(RuntimeEntry::memory_grow, builder.getInt32Ty(), {emitter.i32(op.index)}, 1));
    case memory_copy:
      if (const uint32_t length = inline_length(emitter); length != 0) {
        const std::vector<llvm::Value*> operands = emitter.pop(3);
        return copy_inline(emitter, operands[0], operands[1], length);
      }
      enter(RuntimeEntry::memory_copy, nothing, {emitter.i32(op.index), emitter.i32(op.second_index)}, 3);
      return;
    case memory_fill:
      if (const uint32_t length = inline_length(emitter); length != 0) {
        const std::vector<llvm::Value*> operands = emitter.pop(3);
        return fill_inline(emitter, operands[0], operands[1], length);
      }
      enter(RuntimeEntry::memory_fill, nothing, {emitter.i32(op.index)}, 3);
      return;
    case memory_init:
      enter(RuntimeEntry::memory_init, nothing, {emitter.i32(op.second_index), emitter.i32(op.index)}, 3);
      return;
    case data_drop:
      enter(RuntimeEntry::data_drop, nothing, {emitter.i32(op.index)}, 0);
      return;
    default:
      llvm_unreachable("not a bulk memory operator");
  }
}

void emit_global(Emitter& emitter, const wasm::Operator& op) {
  const wasm::GlobalType& global = emitter.unit().wasm().globals[op.index].type;
  llvm::Value* address = emitter.global_address(op.index);
  if (op.opcode == Opcode::global_set) {
    emitter.store(emitter.pop(), address, MemoryKind::global)->setVolatile(true);
  } else if (global.is_mutable) {
    emitter.push(emitter.load(emitter.unit().type(global.value), address, MemoryKind::global));
  } else {
    emitter.push(emitter.load_invariant(emitter.unit().type(global.value), address));
  }
}

}  // namespace twine::codegen

#include "codegen/llvm/fuel.h"

#include <cstddef>

namespace twine::codegen {
namespace {

using wasm::Opcode;

bool is_free(Opcode opcode) {
  using enum Opcode;
  return opcode == block || opcode == loop || opcode == else_ || opcode == end || opcode == nop;
}

// Units of length that one unit of fuel pays for; 0: the operator has no length.
uint64_t length_per_unit(Opcode opcode) {
  using enum Opcode;
  switch (opcode) {
    case memory_init:
    case memory_copy:
    case memory_fill:
      return kFuelBytes;
    case table_init:
    case table_copy:
    case table_fill:
    case table_grow:
      return kFuelElements;
    default:
      return 0;
  }
}

bool ends_segment(Opcode opcode) {
  using enum Opcode;
  switch (opcode) {
    case loop:
    case if_:
    case else_:
    case end:
    case br:
    case br_if:
    case br_table:
    case return_:
    case return_call:
    case return_call_indirect:
    case unreachable:
      return true;
    default:
      return false;
  }
}

}  // namespace

void FuelMeter::pay(Emitter& emitter, const wasm::Operator& op) {
  if (is_free(op.opcode)) return;
  auto& builder = emitter.builder();
  if (segment_ != nullptr) {
    const auto* units = llvm::cast<llvm::ConstantInt>(segment_->getOperand(1));
    segment_->setOperand(1, emitter.i64(units->getZExtValue() + 1));
  } else {
    emitter.locate(op.offset);
    llvm::Value* fuel = emitter.load(builder.getInt64Ty(), emitter.fuel_address(), MemoryKind::fuel);
    segment_ = llvm::BinaryOperator::CreateSub(fuel, emitter.i64(1));
    take(emitter, builder.Insert(segment_));
  }
  const uint64_t unit = length_per_unit(op.opcode);
  if (unit == 0) return;
  // The length is the topmost operand of them all.
  emitter.locate(op.offset);
  llvm::Value* units =
      builder.CreateUDiv(builder.CreateZExt(emitter.top(1)[0], builder.getInt64Ty()), emitter.i64(unit));
  llvm::Value* fuel = emitter.load(builder.getInt64Ty(), emitter.fuel_address(), MemoryKind::fuel);
  take(emitter, builder.CreateSub(fuel, units));
}

void FuelMeter::pass(const wasm::Operator& op) {
  if (ends_segment(op.opcode)) segment_ = nullptr;
}

// Volatile, so that it keeps its place among the accesses that may trap: what was used up to a trap is then the same at every level.
void FuelMeter::take(Emitter& emitter, llvm::Value* rest) {
  emitter.store(rest, emitter.fuel_address(), MemoryKind::fuel)->setVolatile(true);
  emitter.trap_if(emitter.builder().CreateICmpSLT(rest, emitter.i64(0)), abi::TrapKind::fuel_exhausted);
}

}  // namespace twine::codegen

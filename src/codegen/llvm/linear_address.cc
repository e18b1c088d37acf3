#include "codegen/llvm/linear_address.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/InstrTypes.h>

namespace twine::codegen {

using namespace llvm;

std::optional<LinearAddress> linear_address(Value* pointer) {
  LinearAddress address{nullptr, nullptr, 0};
  // Displacements are added by constant GEPs or by an addition of 64-bit values; either may have been moved
  // around.
  const auto add_displacement = [&](const APInt& value) {
    if (value.isNegative() || value.uge(uint64_t{1} << 33)) return false;
    address.displacement += value.getZExtValue();
    return true;
  };
  Value* index64 = nullptr;
  while (auto* gep = dyn_cast<GetElementPtrInst>(pointer)) {
    if (gep->getNumIndices() != 1 || !gep->getSourceElementType()->isIntegerTy(8)) return std::nullopt;
    Value* index = gep->getOperand(1);
    if (const auto* constant = dyn_cast<ConstantInt>(index)) {
      if (!add_displacement(constant->getValue())) return std::nullopt;
    } else if (index64 == nullptr) {
      index64 = index;
    } else {
      return std::nullopt;
    }
    pointer = gep->getPointerOperand();
  }
  const auto* load = dyn_cast<LoadInst>(pointer);
  if (load == nullptr || !load->hasMetadata(kMemoryBaseMetadata)) return std::nullopt;
  address.base = pointer;
  if (index64 == nullptr) {
    address.index = ConstantInt::get(Type::getInt32Ty(pointer->getContext()), 0);
    return address;
  }
  if (auto* sum = dyn_cast<BinaryOperator>(index64);
      sum != nullptr &&
      (sum->getOpcode() == Instruction::Add ||
       (sum->getOpcode() == Instruction::Or && cast<PossiblyDisjointInst>(sum)->isDisjoint()))) {
    const auto* constant = dyn_cast<ConstantInt>(sum->getOperand(1));
    if (constant == nullptr || !add_displacement(constant->getValue())) return std::nullopt;
    index64 = sum->getOperand(0);
  }
  auto* extension = dyn_cast<ZExtInst>(index64);
  if (extension == nullptr || !extension->getSrcTy()->isIntegerTy(32)) return std::nullopt;
  address.index = extension->getOperand(0);
  return address;
}

}  // namespace twine::codegen

#include "codegen/llvm/linear_address.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/MDBuilder.h>

#include <cstddef>

#include "common/abi.h"

namespace twine::codegen {

using namespace llvm;

namespace {

MDNode* access_tag(MDBuilder& builder, MDNode* type) {
  return builder.createTBAAStructTagNode(type, type, 0);
}

MDNode* linear_type(MDBuilder& builder) {
  return builder.createTBAAScalarTypeNode("linear", builder.createTBAARoot("twine"));
}

}  // namespace

MDNode* linear_tag(LLVMContext& context) {
  MDBuilder builder(context);
  return access_tag(builder, linear_type(builder));
}

MDNode* checked_tag(LLVMContext& context) {
  MDBuilder builder(context);
  return access_tag(builder, builder.createTBAAScalarTypeNode("checked", linear_type(builder)));
}

bool is_memory_base(const Value* value) {
  const auto* load = dyn_cast<LoadInst>(value);
  if (load == nullptr || !load->hasMetadata(LLVMContext::MD_invariant_load)) return false;
  const auto* field = dyn_cast<GetElementPtrInst>(load->getPointerOperand());
  if (field == nullptr || field->getNumIndices() != 1 || !field->getSourceElementType()->isIntegerTy(8))
    return false;
  const auto* context = dyn_cast<Argument>(field->getPointerOperand());
  const auto* offset = dyn_cast<ConstantInt>(field->getOperand(1));
  return context != nullptr && context->hasSwiftSelfAttr() && offset != nullptr &&
         offset->getZExtValue() == offsetof(abi::InstanceContext, memory0_base);
}

std::optional<LinearAddress> linear_address(Value* pointer) {
  LinearAddress address{nullptr, nullptr, 0};
  // Displacements are added by constant GEPs or by an addition of 64-bit values; either may have been moved
  // around.
  const auto add_displacement = [&](const APInt& value) {
    if (value.getSignificantBits() > 40) return false;
    address.displacement += value.getSExtValue();
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
  if (!is_memory_base(pointer)) return std::nullopt;
  address.base = pointer;
  if (index64 == nullptr) {
    address.index = ConstantInt::get(Type::getInt32Ty(pointer->getContext()), 0);
    return address;
  }
  if (auto* sum = dyn_cast<BinaryOperator>(index64);
      sum != nullptr &&
      (sum->getOpcode() == Instruction::Add ||
       (sum->getOpcode() == Instruction::Or && cast<PossiblyDisjointInst>(sum)->isDisjoint()))) {
    if (const auto* constant = dyn_cast<ConstantInt>(sum->getOperand(1));
        constant != nullptr && add_displacement(constant->getValue())) {
      index64 = sum->getOperand(0);
    }
  }
  const auto* extension = dyn_cast<ZExtInst>(index64);
  const bool from_i32 = extension != nullptr && extension->getSrcTy()->isIntegerTy(32);
  address.index = from_i32 ? extension->getOperand(0) : index64;
  return address;
}

}  // namespace twine::codegen

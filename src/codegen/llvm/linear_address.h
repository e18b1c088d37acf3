// What the optimisation passes know of an address in linear memory.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/Value.h>

#include <cstdint>
#include <optional>

namespace twine::codegen {

// Whether `value` is the invariant load of InstanceContext::memory0_base. Told by its form: metadata of our
// own would not survive inlining and common-subexpression elimination.
bool is_memory_base(const llvm::Value* value);

// base + index + displacement, as the translator emits it and as LLVM may have rearranged it.
struct LinearAddress {
  llvm::Value* base;  // is_memory_base
  llvm::Value*
      index;  // i32, to be zero-extended; or i64, when LLVM has widened it; the i32 0 for an absolute address
  int64_t displacement;
  // An i32 index is never negative, so displacements 0 to d of one index lie in [0, size) if d does.
  [[nodiscard]] bool index_is_unsigned() const { return index->getType()->isIntegerTy(32); }
};

// Nothing when the pointer does not have that form.
std::optional<LinearAddress> linear_address(llvm::Value* pointer);

// A load or store that may trap: volatile, which is how the translator emits each access.
inline bool is_volatile_access(const llvm::Instruction& instruction) {
  return llvm::isa<llvm::LoadInst, llvm::StoreInst>(instruction) && instruction.isVolatile();
}

// Type-based alias tags of accesses to linear memory. `checked` is for those that cannot trap wherever in
// their loop or function they stand: their addresses were checked before, or are below the memory's minimum.
// It is a subtype of the other, so that accesses of both kinds may overlap, and that LLVM gives the other to
// what it merges from both.
llvm::MDNode* linear_tag(llvm::LLVMContext& context);
llvm::MDNode* checked_tag(llvm::LLVMContext& context);

}  // namespace twine::codegen

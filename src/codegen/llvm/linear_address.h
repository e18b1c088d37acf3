// What the optimisation passes know of an address in linear memory.
#pragma once

#include <llvm/IR/Instructions.h>
#include <llvm/IR/Value.h>

#include <cstdint>
#include <optional>

namespace twine::codegen {

// Metadata kind on the load of InstanceContext::memory0_base.
inline constexpr char kMemoryBaseMetadata[] = "twine.memory_base";

// base + zext64(index) + displacement, as the translator emits it and as LLVM may have rearranged it.
struct LinearAddress {
  llvm::Value* base;   // the tagged load
  llvm::Value* index;  // i32; the constant 0 for an absolute address
  uint64_t displacement;
};

// Nothing when the pointer does not have that form.
std::optional<LinearAddress> linear_address(llvm::Value* pointer);

// A load or store that may trap: volatile, which is how the translator emits each access.
inline bool is_volatile_access(const llvm::Instruction& instruction) {
  return llvm::isa<llvm::LoadInst, llvm::StoreInst>(instruction) && instruction.isVolatile();
}

}  // namespace twine::codegen

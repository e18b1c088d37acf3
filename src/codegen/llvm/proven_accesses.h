// Proven accesses: loads that cannot trap because an access before them did not, or because their addresses
// are constants below the memory's minimum size.
//
// The valid part of a linear memory is [0, size), and size only grows. So once `base + zext32(i) + [0, end)`
// has been accessed, no access within `base + zext32(i) + [0, end)` can trap any more. This pass walks the
// dominator tree, remembers for each pair (base, i) the furthest end that was reached on the way (for an
// index that LLVM has widened to 64 bits, the interval between the accesses), and makes loads that stay within it plain: LLVM may then combine, hoist or delete them. Stores stay volatile: a plain
// store could be dropped in favour of a later one, although an access in between traps and the first would
// have been seen.
#pragma once

#include <llvm/IR/PassManager.h>

#include <cstdint>

namespace twine::codegen {

//
// PinAccessesPass, the last of all passes, makes volatile again what is proven by another access alone:
// instruction selection orders plain loads and volatile stores as it likes, and a load that went before a
// store would trap before it.
class ProvenAccessesPass : public llvm::PassInfoMixin<ProvenAccessesPass> {
 public:
  // minimum_size: what memory 0 has from the start on, in bytes.
  explicit ProvenAccessesPass(uint64_t minimum_size) : minimum_size_(minimum_size) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }

 private:
  uint64_t minimum_size_;
};

class PinAccessesPass : public llvm::PassInfoMixin<PinAccessesPass> {
 public:
  static llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return true; }
};

}  // namespace twine::codegen

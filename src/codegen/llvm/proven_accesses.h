// Proven accesses: loads that cannot trap because an access before them did not.
//
// The valid part of a linear memory is [0, size), and size only grows. So once `base + zext32(i) + [0, end)`
// has been accessed, no access within `base + zext32(i) + [0, end)` can trap any more. This pass walks the
// dominator tree, remembers for each pair (base, i) the furthest end that was reached on the way, and makes
// loads that stay within it plain: LLVM may then combine, hoist or delete them. Stores stay volatile: a plain
// store could be dropped in favour of a later one, although an access in between traps and the first would
// have been seen.
#pragma once

#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class ProvenAccessesPass : public llvm::PassInfoMixin<ProvenAccessesPass> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }
};

}  // namespace twine::codegen

// Indices that run backwards are subtractions again.
//
// `a[k - 1 - i]` becomes `k + ~i`, and when the sum is scaled for an address only its lower bits count: LLVM shrinks the all-ones of ~i to
// those, and in an unrolled loop, where the lowest bits of i are known to be zero, further. What is left, say `i ^ 0x1ffffffc`, is no
// recurrence to scalar evolution, so such a loop was never versioned. `x ^ c` equals `c - x` wherever x has no bit that c lacks. This pass
// gives c the bits back that no one looks at, and where x is then known to fit, makes the subtraction of it that it was. It runs before the
// passes that look for recurrences, behind the last that would turn it round again.
#pragma once

#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class ReversedIndicesPass : public llvm::PassInfoMixin<ReversedIndicesPass> {
 public:
  static llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }
};

}  // namespace twine::codegen

// Loop jamming: several iterations of an outer loop in one pass over the inner loop, so that what they all update stays in a register.
//
//     for (s = 0; s < 160; ++s)                        for (s = 0; s < 160; s += 4)
//       for (p = 0; p < n; ++p)                          for (p = 0; p < n; ++p)
//         row[p] += a[s] * c[s][p];          ->            row[p] = row[p] + a[s] * c[s][p] + ... + a[s + 3] * c[s + 3][p];
//
// Every element of `row` is loaded and stored once where it was four times, and all operations on one element keep their order, so the
// result is the same to the bit. That matters more here than in native code: wasm-ld aligns arrays to 16 bytes, so every second vector of
// 32 crosses a cache line.
//
// Only a nest of which all this is known is jammed:
//   - the inner loop is one block with a count that the outer loop does not change; the outer loop has a constant count, which 4, 3 or 2
//     divides (the first of these is how many iterations become one), and, around the
//     inner one, straight code;
//   - nothing but integer recurrences is carried from iteration to iteration in either loop;
//   - all accesses are plain (fast copies of the versioning passes), and there is no other operation with an effect;
//   - each store stands in the inner loop, at an address that moves with it by at least the bytes stored and not with the outer loop;
//     every other access has the same address and size, or alias scopes tell that it lies apart from the store wherever it stands.
#pragma once

#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class LoopJammingPass : public llvm::PassInfoMixin<LoopJammingPass> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }
};

}  // namespace twine::codegen

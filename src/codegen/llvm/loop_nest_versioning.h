// Loop nest versioning: one range check for a whole nest of loops, or none at all.
//
// LoopVersioningPass checks before each innermost loop, which is dear where that loop is short, and leaves the outer loops' own accesses
// volatile. This pass takes a nest in which *every* access that may trap moves by constants,
//
//     index = A + C + S1 * k1 + S2 * k2 + ...      A invariant in the nest, C and S constants, ki the iteration of the i-th loop
//
// and in which the backedges each loop takes are such a sum too, in the iterations of the loops around it:
//
//     0 <= k2 <= B + D1 * k1                       triangular nests included
//
// The furthest offsets are found by putting for each ki, from the innermost loop outwards, 0 or its bound, by the sign of what stands
// before it. That is exact for what is linear, and may lie a step too far where an inner loop is not entered in the last iteration of
// the outer one. Then
//
//     lowest and highest both in [0, memory size - extent], and every bound in [0, 2^32)
//
// implies that no access of the nest traps and that no 32-bit index or counter wraps, so the sums in 64 bits are the indices. A bound
// may be -1 where the loop is then not entered: a branch around it requires x < y, x != y or the like with x - y = bound + 1.
//
//   - When all of that is constant and holds for the memory's minimum size, there is nothing to check: the nest's accesses become
//     plain where they stand, in a single loop too.
//   - Else, in a nest of two loops or more, the check selects between two copies, as in loop_versioning.h. The slow one is left to
//     LoopVersioningPass.
//
// Groups of accesses that are known to lie apart are told so to LLVM (alias scopes). A small loop over loops inside the nest, all of them
// with constant counts, is marked to be unrolled: its addresses become constants.
//
// A loop with calls is no candidate, nor is one that accesses anything but memory 0 in a way that may be seen.
#pragma once

#include <llvm/IR/PassManager.h>

#include <cstdint>

namespace twine::codegen {

class LoopNestVersioningPass : public llvm::PassInfoMixin<LoopNestVersioningPass> {
 public:
  // minimum_size: what memory 0 has from the start on, in bytes.
  explicit LoopNestVersioningPass(uint64_t minimum_size) : minimum_size_(minimum_size) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }

 private:
  uint64_t minimum_size_;
};

}  // namespace twine::codegen

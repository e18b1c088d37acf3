// Loop versioning: exact traps at no cost in hot loops.
//
// The translator makes every access to linear memory volatile, because LLVM may otherwise delete a dead load
// that would trap, or move a store over a load that traps. Volatile accesses are never vectorised, hoisted or
// combined, so an inner loop over arrays would run several times slower than native code. This pass restores
// that speed for loops whose accesses are provably in bounds, and proves it at run time, once a loop entry.
//
// For each innermost loop, every access whose address is, by scalar evolution, base + zext32({A,+,B}) + C or,
// where LLVM has proven that nothing wraps and widened the index, base + {A,+,B} (A, B invariant, C constant)
// is a candidate. With N the loop's largest backedge-taken count, the addresses it touches lie between those
// of the first and the last iteration, provided that no value on the way wraps at 32 bits. Candidates that
// differ only by constants share one check. In the preheader
//
//     A and A + N * B  both in  [0, memory size - extent]            (64-bit arithmetic, which cannot
//     overflow here)
//
// selects between two copies of the loop. The check implies that no 32-bit address wraps, so in the fast copy
// an address is a 64-bit affine function of one counter and its accesses cannot trap:
//   - loads become plain;
//   - stores become plain only if no access that may still trap is left in the copy, since LLVM is free to
//   reorder or drop
//     plain stores around a volatile load that it believes harmless.
// Single-thread fences around the fast copy keep its plain stores from meeting trapping accesses outside. The
// other copy is the loop as it was. A memory only grows and its base never moves, so the check stays true
// whatever the loop calls.
//
// Nests whose accesses all move by constants are served before, by LoopNestVersioningPass.
//
// A loop that, counted at run time, covers fewer than 16 bytes runs as it was, and the check is skipped: it would cost more than it gives.
//
// Needs: the memory base in the form that is_memory_base() knows (linear_address.h), and the instance
// context as the function's swiftself argument. Assumes loops in simplified, closed-SSA form.
#pragma once

#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class LoopVersioningPass : public llvm::PassInfoMixin<LoopVersioningPass> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }
};

}  // namespace twine::codegen

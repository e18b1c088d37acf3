// Loop rerolling: undoes the unrolling that the guest's compiler did, so that our vectoriser finds the loop it can use.
//
// clang and rustc unroll small loops by 2 to 8 when they compile to WebAssembly, which has no vectors by default:
//
//     for (i = 0; i < 5 * n; i += 5) { b[i] += f * c[i]; b[i + 1] += f * c[i + 1]; ... b[i + 4] += f * c[i + 4]; }
//
// LLVM's loop vectoriser takes that for a loop over structures of five members and shuffles them apart and together again, or gives up,
// and superword vectorisation leaves the fifth element over. This pass recognises a loop of one block whose body is U times the same
// computation, a lane, at addresses that advance by step / U from lane to lane, and keeps the first lane, U times as often.
//
// Exactly the same operations are carried out in the same order:
//   - lanes are matched instruction by instruction, with equal flags, operands of commutative operations in either order;
//   - in a loop that stores, the memory accesses of a lane stand before all of the next lane's in program order, and in the same order
//     in every lane, so no alias analysis is needed;
//   - a value carried from lane to lane must be carried in the same way from iteration to iteration: an integer that each lane adds to
//     (a reduction), or loaded values that later lanes use again, as a stencil does (delays):
//
//         for (i = 1; i < 2 * n; i += 2) { u = a[i + 1]; b[i] = x + y + u; v = a[i + 2]; b[i + 1] = y + u + v; x = u; y = v; }
// All accesses must be plain (fast copies of LoopVersioningPass): volatile ones are never touched. A loop with a floating-point
// reduction is left as it is: it cannot be vectorised without reordering its additions, and the guest's unrolling serves it.
#pragma once

#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class LoopRerollingPass : public llvm::PassInfoMixin<LoopRerollingPass> {
 public:
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return false; }
};

}  // namespace twine::codegen

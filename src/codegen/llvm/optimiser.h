// The optimisation pipeline: LLVM's own for the level, with Twine's passes where they find what they need.
//
//   proven_accesses        an access that another, or the memory's minimum size, has proven to be in bounds need not be exact
//   loop_nest_versioning   nests whose accesses all move by constants: one check for the nest, or none
//   loop_versioning        a copy of hot inner loops in which no access can trap, chosen by a check at run time
//   loop_rerolling         undoes the guest compiler's unrolling where it keeps LLVM from vectorising
//
// None of them changes what a program does, its traps included (docs/abi.md, "Order of effects").
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <cstdint>

namespace twine::codegen {

// minimum_memory: size in bytes that memory 0 has from the start on.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, int level, uint64_t minimum_memory);

}  // namespace twine::codegen

#include "codegen/llvm/optimiser.h"

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/Mem2Reg.h>

#include <array>

#include "codegen/llvm/loop_jamming.h"
#include "codegen/llvm/loop_nest_versioning.h"
#include "codegen/llvm/loop_rerolling.h"
#include "codegen/llvm/loop_versioning.h"
#include "codegen/llvm/proven_accesses.h"
#include "codegen/llvm/quiet_nans.h"
#include "codegen/llvm/reversed_indices.h"

namespace twine::codegen {
namespace {

using namespace llvm;

// Two habits of LLVM that the pipeline offers no parameter for, only options:
//   - a 32-bit counter is widened to 64 bits where its value is extended for an address, and then masked at each exit test, which hides
//     the trip count from scalar evolution and so from LoopVersioningPass. That pass does the widening itself, with the wrap check that
//     makes it exact;
//   - a CMOV with a memory operand becomes a branch around a load, even if the load was volatile: its trap would be lost where the
//     other operand is chosen.
void turn_off_what_is_not_exact() {
  static const bool done = [] {
    auto& options = cl::getRegisteredOptions();
    for (const char* const name : {"indvars-widen-indvars", "x86-cmov-converter-force-mem-operand"}) {
      const auto option = options.find(name);
      if (option == options.end()) return false;
      static_cast<cl::opt<bool>*>(option->second)->setValue(false);
    }
    return true;
  }();
  if (!done) report_fatal_error("LLVM has renamed an option that exact traps depend on");
}

// Right before the vectorisers, when loops are rotated and their counters simple.
void add_own_passes(FunctionPassManager& passes, uint64_t minimum_memory) {
  passes.addPass(ReversedIndicesPass());
  passes.addPass(ProvenAccessesPass(minimum_memory));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(LoopSimplifyPass());
  passes.addPass(LCSSAPass());
  passes.addPass(LoopNestVersioningPass(minimum_memory));
  passes.addPass(
      createFunctionToLoopPassAdaptor(LoopFullUnrollPass(/*OptLevel=*/2, /*OnlyWhenForced=*/true)));
  passes.addPass(LoopSimplifyPass());
  passes.addPass(LCSSAPass());
  passes.addPass(LoopVersioningPass());
  // The fast copies have plain accesses now: hoist and combine what was pinned before.
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true));
  passes.addPass(LoopRerollingPass());
  // The vectoriser's overlap checks compare any two pointers of a loop; equal ones must be one value.
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(LoopSimplifyPass());
  passes.addPass(LCSSAPass());
  passes.addPass(LoopJammingPass());
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
}

}  // namespace

void optimise(Module& module, TargetMachine& machine, int level, uint64_t minimum_memory) {
  turn_off_what_is_not_exact();
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = level >= 2;
  tuning.SLPVectorization = level >= 2;
  PassBuilder builder(&machine, tuning);

  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  // There is no C library to call: no loop becomes memset, no call is taken for malloc.
  TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.registerPipelineStartEPCallback([&](ModulePassManager& passes, OptimizationLevel) {
    if (level == 0) return;  // folds nothing
    FunctionPassManager first;
    first.addPass(PromotePass());  // locals become values, and nothing else happens
    first.addPass(QuietNansPass());
    passes.addPass(createModuleToFunctionPassAdaptor(std::move(first)));
  });
  if (level >= 2) {
    builder.registerVectorizerStartEPCallback(
        [&](FunctionPassManager& passes, OptimizationLevel) { add_own_passes(passes, minimum_memory); });
    builder.registerOptimizerLastEPCallback([](ModulePassManager& passes, OptimizationLevel) {
      passes.addPass(createModuleToFunctionPassAdaptor(PinAccessesPass()));
    });
  }

  const std::array<OptimizationLevel, 4> levels = {OptimizationLevel::O0, OptimizationLevel::O1,
                                                   OptimizationLevel::O2, OptimizationLevel::O3};
  const OptimizationLevel chosen = levels[static_cast<size_t>(level)];
  ModulePassManager passes =
      level == 0 ? builder.buildO0DefaultPipeline(chosen) : builder.buildPerModuleDefaultPipeline(chosen);
  passes.run(module, modules);
}

}  // namespace twine::codegen

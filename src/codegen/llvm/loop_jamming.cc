#include "codegen/llvm/loop_jamming.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/MemoryLocation.h>
#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>
#include <llvm/Transforms/Utils/UnrollLoop.h>

#include <cstdint>

namespace twine::codegen {
namespace {

using namespace llvm;

// Iterations of the outer loop in one: what is loaded anew in each of them must leave registers for vectors.
constexpr unsigned kMostJammed = 4;
// Instructions of the inner loop; more would not leave registers either.
constexpr size_t kMaxInnerInstructions = 40;
// With fewer trips of the inner loop the remainder loops are dearer than the loads.
constexpr uint64_t kFewestInnerTrips = 16;

class Jammer {
 public:
  Jammer(Function& function, FunctionAnalysisManager& analyses)
      : loops_(analyses.getResult<LoopAnalysis>(function)),
        scev_(analyses.getResult<ScalarEvolutionAnalysis>(function)),
        dominators_(analyses.getResult<DominatorTreeAnalysis>(function)),
        assumptions_(analyses.getResult<AssumptionAnalysis>(function)),
        target_(analyses.getResult<TargetIRAnalysis>(function)),
        remarks_(analyses.getResult<OptimizationRemarkEmitterAnalysis>(function)),
        aliases_(analyses.getResult<AAManager>(function)) {}

  bool run(Loop& outer) {
    outer_ = &outer;
    inner_ = outer.getSubLoops().front();
    if (!has_right_form() || !carries_integers_only(outer) || !carries_integers_only(*inner_)) return false;
    if (!collect_accesses() || !stores_stay_in_order()) return false;
    const unsigned trips = scev_.getSmallConstantTripCount(outer_);
    BasicBlock* body = inner_->getHeader();  // the jammed loop begins with the first iteration's
    if (UnrollAndJamLoop(outer_, jammed_iterations(trips), trips, trips, /*UnrollRemainder=*/false, &loops_,
                         &scev_, &dominators_, &assumptions_, &target_,
                         &remarks_) == LoopUnrollResult::Unmodified) {
      return false;
    }
    scev_.forgetAllLoops();
    forward_stores(*loops_.getLoopFor(body));
    return true;
  }

 private:
  // Without a remainder; 1 when there is no such number.
  static unsigned jammed_iterations(unsigned trips) {
    unsigned count = kMostJammed;
    while (count > 1 && (trips <= count || trips % count != 0)) --count;
    return count;
  }

  bool has_right_form() {
    if (!outer_->isLoopSimplifyForm() || !inner_->isLoopSimplifyForm() || !outer_->isLCSSAForm(dominators_))
      return false;
    BasicBlock* latch = outer_->getLoopLatch();
    if (inner_->getNumBlocks() != 1 || outer_->getExitingBlock() != latch ||
        inner_->getExitBlock() == nullptr) {
      return false;
    }
    for (const BasicBlock* block : outer_->blocks()) {
      const bool may_branch = block == latch || inner_->contains(block);
      if (!may_branch && block->getUniqueSuccessor() == nullptr) return false;
    }
    if (!outer_->getUniqueExitBlock()->phis().empty()) return false;
    if (jammed_iterations(scev_.getSmallConstantTripCount(outer_)) == 1) return false;
    const SCEV* inner_trips = scev_.getBackedgeTakenCount(inner_);
    if (isa<SCEVCouldNotCompute>(inner_trips) || !scev_.isLoopInvariant(inner_trips, outer_)) return false;
    return scev_.getUnsignedRangeMax(inner_trips).uge(kFewestInnerTrips) &&
           inner_->getHeader()->size() <= kMaxInnerInstructions;
  }

  bool carries_integers_only(const Loop& loop) {
    return all_of(loop.getHeader()->phis(), [&](PHINode& phi) {
      if (!phi.getType()->isIntegerTy()) return false;
      const auto* recurrence = dyn_cast<SCEVAddRecExpr>(scev_.getSCEV(&phi));
      if (recurrence == nullptr || recurrence->getLoop() != &loop || !recurrence->isAffine()) return false;
      // The outer loop's must be known before the inner one runs.
      const auto* next = dyn_cast<Instruction>(phi.getIncomingValueForBlock(loop.getLoopLatch()));
      return next != nullptr && isa<BinaryOperator>(next) && is_contained(next->operands(), &phi) &&
             any_of(next->operands(), [](const Value* operand) { return isa<ConstantInt>(operand); });
    });
  }

  bool collect_accesses() {
    stores_.clear();
    accesses_.clear();
    for (BasicBlock* block : outer_->blocks()) {
      // What leaves the inner loop would need the last iteration's value.
      if (block != outer_->getHeader() && !inner_->contains(block) && !block->phis().empty()) return false;
      for (Instruction& instruction : *block) {
        if (isa<LoadInst, StoreInst>(instruction)) {
          if (instruction.isVolatile() || instruction.isAtomic()) return false;
          accesses_.push_back(&instruction);
          if (!isa<StoreInst>(instruction)) continue;
          if (!inner_->contains(block)) return false;
          stores_.push_back(&instruction);
        } else if (instruction.mayHaveSideEffects() || instruction.mayReadFromMemory()) {
          return false;
        }
      }
    }
    return !stores_.empty();
  }

  bool stores_stay_in_order() {
    return all_of(stores_, [&](Instruction* store) {
      const SCEV* address = scev_.getSCEV(getLoadStorePointerOperand(store));
      const auto* course = dyn_cast<SCEVAddRecExpr>(address);
      if (course == nullptr || course->getLoop() != inner_ || !course->isAffine() ||
          !scev_.isLoopInvariant(course->getStart(), outer_)) {
        return false;
      }
      const auto* step = dyn_cast<SCEVConstant>(course->getStepRecurrence(scev_));
      const uint64_t size = store->getDataLayout().getTypeStoreSize(getLoadStoreType(store)).getFixedValue();
      if (step == nullptr || !step->getAPInt().abs().uge(size)) return false;
      return all_of(accesses_, [&](Instruction* other) {
        if (scev_.getSCEV(getLoadStorePointerOperand(other)) == address) {
          return inner_->contains(other) && getLoadStoreType(other) == getLoadStoreType(store);
        }
        // Of any size and in either direction: what is told apart must lie apart in all iterations.
        return aliases_.isNoAlias(
            MemoryLocation::getBeforeOrAfter(getLoadStorePointerOperand(store), store->getAAMetadata()),
            MemoryLocation::getBeforeOrAfter(getLoadStorePointerOperand(other), other->getAAMetadata()));
      });
    });
  }

  // Within one iteration of the jammed loop, gives each load what was stored at its address before, and keeps the last store alone. What
  // may overlap has equal addresses (stores_stay_in_order).
  void forward_stores(Loop& jammed) {
    SmallVector<WeakTrackingVH, 16> dead;
    SCEVExpander expander(scev_, jammed.getHeader()->getDataLayout(), "twine");
    expander.replaceCongruentIVs(&jammed, &dominators_, dead, &target_);
    SmallVector<StoreInst*, 8> last;
    for (Instruction& instruction : make_early_inc_range(*jammed.getHeader())) {
      if (!isa<LoadInst, StoreInst>(instruction)) continue;
      const SCEV* address = scev_.getSCEV(getLoadStorePointerOperand(&instruction));
      auto* before = find_if(last, [&](StoreInst* store) {
        return scev_.getSCEV(store->getPointerOperand()) == address &&
               getLoadStoreType(store) == getLoadStoreType(&instruction);
      });
      if (auto* load = dyn_cast<LoadInst>(&instruction)) {
        if (before == last.end()) continue;
        load->replaceAllUsesWith((*before)->getValueOperand());
        dead.emplace_back(load);
      } else if (before == last.end()) {
        last.push_back(cast<StoreInst>(&instruction));
      } else {
        (*before)->eraseFromParent();
        *before = cast<StoreInst>(&instruction);
      }
    }
    RecursivelyDeleteTriviallyDeadInstructionsPermissive(dead);
  }

  LoopInfo& loops_;
  ScalarEvolution& scev_;
  DominatorTree& dominators_;
  AssumptionCache& assumptions_;
  const TargetTransformInfo& target_;
  OptimizationRemarkEmitter& remarks_;
  AAResults& aliases_;
  Loop* outer_ = nullptr;
  Loop* inner_ = nullptr;
  SmallVector<Instruction*, 8> accesses_;
  SmallVector<Instruction*, 4> stores_;
};

}  // namespace

PreservedAnalyses LoopJammingPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  SmallVector<Loop*, 8> candidates;
  for (Loop* loop : loops.getLoopsInPreorder()) {
    if (loop->getSubLoops().size() == 1 && loop->getSubLoops().front()->isInnermost())
      candidates.push_back(loop);
  }
  if (candidates.empty()) return PreservedAnalyses::all();
  Jammer jammer(function, analyses);
  bool changed = false;
  for (Loop* loop : candidates) changed |= jammer.run(*loop);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace twine::codegen

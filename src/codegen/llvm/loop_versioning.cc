#include "codegen/llvm/loop_versioning.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "codegen/llvm/linear_address.h"
#include "codegen/llvm/loop_copies.h"

namespace twine::codegen {
namespace {

using namespace llvm;

// How the address of an access moves, as an offset from the memory base in iteration k. Two forms, by what
// LLVM has made of the i32 index:
//   narrow  zext(start + constant + k * step) + displacement, with 32-bit start and step; it may wrap at 32
//   bits wide    start + constant + k * step, with 64-bit start and step; LLVM has proven that it does not
struct AffineAccess {
  Instruction* instruction = nullptr;
  Value* base = nullptr;
  const SCEV* start = nullptr;  // loop-invariant, without its constant part
  int64_t constant = 0;
  const SCEV* step = nullptr;  // loop-invariant; null when the address does not change
  int64_t displacement = 0;    // >= 0; 0 in the wide form
  uint64_t size = 0;           // bytes accessed

  [[nodiscard]] bool is_wide() const { return start->getType()->isIntegerTy(64); }
};

// Accesses that share form, start and step, so that one check covers them.
struct AccessGroup {
  Value* base;
  const SCEV* start;
  const SCEV* step;
  SmallVector<AffineAccess, 4> members;
  Value* first = nullptr;   // i64 in the preheader: offset of the lowest constant in the first iteration
  Value* step64 = nullptr;  // i64

  [[nodiscard]] bool is_wide() const { return start->getType()->isIntegerTy(64); }
  [[nodiscard]] int64_t lowest_constant() const {
    int64_t lowest = INT64_MAX;
    for (const AffineAccess& member : members) lowest = std::min(lowest, member.constant);
    return lowest;
  }
  // From the lowest constant, in bytes.
  [[nodiscard]] uint64_t offset(const AffineAccess& member) const {
    return static_cast<uint64_t>(member.constant - lowest_constant() + member.displacement);
  }
  // From the lowest constant to the end of the furthest access.
  [[nodiscard]] uint64_t extent() const {
    uint64_t furthest = 0;
    for (const AffineAccess& member : members) furthest = std::max(furthest, offset(member) + member.size);
    return furthest;
  }
};

// The counter of the loop, as the check and the fast copy need it.
struct TripCount {
  const SCEV* backedges = nullptr;  // an upper bound of the backedges taken; null when there is none
  // When set, `backedges` holds only if this i32 value, divided by the power of two `divisor`, leaves at most `most_remainder`.
  const SCEV* dividend = nullptr;
  uint64_t divisor = 1;
  uint64_t most_remainder = 0;
};

// The comparison of 32-bit integers in the latch that alone ends a loop, as the condition under which it goes on.
struct LatchCondition {
  CmpInst::Predicate predicate;
  const SCEV* left;
  const SCEV* right;
};

std::optional<LatchCondition> latch_condition(const Loop& loop, ScalarEvolution& scev) {
  BasicBlock* latch = loop.getLoopLatch();
  if (latch == nullptr || loop.getExitingBlock() != latch) return std::nullopt;
  const auto* branch = dyn_cast<BranchInst>(latch->getTerminator());
  if (branch == nullptr || !branch->isConditional()) return std::nullopt;
  const auto* compare = dyn_cast<ICmpInst>(branch->getCondition());
  if (compare == nullptr || !compare->getOperand(0)->getType()->isIntegerTy(32)) return std::nullopt;
  const bool goes_on_when_true = loop.contains(branch->getSuccessor(0));
  return LatchCondition{
      .predicate = goes_on_when_true ? compare->getPredicate() : compare->getInversePredicate(),
      .left = scev.getSCEV(compare->getOperand(0)),
      .right = scev.getSCEV(compare->getOperand(1)),
  };
}

// Some loops count exactly only under a condition that scalar evolution cannot know; here it becomes part of the run-time check:
//   for (p = begin; p != end; p += 8)     end - begin is a multiple of 8
//   do … while ((n -= 32) > 15)           n is at most 15 modulo 32, else n wraps around; what unrolling makes of `n >= 16; n -= 16`
std::optional<TripCount> strided_trip_count(const Loop& loop, ScalarEvolution& scev) {
  std::optional<LatchCondition> condition = latch_condition(loop, scev);
  if (!condition) return std::nullopt;
  const bool until_equal = condition->predicate == ICmpInst::ICMP_NE;
  if (!until_equal && condition->predicate != ICmpInst::ICMP_UGT) return std::nullopt;
  // The counter may be on the right of `!=`, and then a recurrence of an outer loop on the left.
  if (until_equal && scev.isLoopInvariant(condition->left, &loop))
    std::swap(condition->left, condition->right);
  const auto* counter = dyn_cast<SCEVAddRecExpr>(condition->left);
  if (counter == nullptr || counter->getLoop() != &loop || !counter->isAffine() ||
      !scev.isLoopInvariant(condition->right, &loop)) {
    return std::nullopt;
  }
  const auto* step = dyn_cast<SCEVConstant>(counter->getStepRecurrence(scev));
  if (step == nullptr) return std::nullopt;
  const int64_t signed_step = step->getAPInt().getSExtValue();
  TripCount count;
  count.divisor = static_cast<uint64_t>(signed_step < 0 ? -signed_step : signed_step);
  if (!isPowerOf2_64(count.divisor)) return std::nullopt;
  if (until_equal) {
    count.dividend = signed_step > 0 ? scev.getMinusSCEV(condition->right, counter->getStart())
                                     : scev.getMinusSCEV(counter->getStart(), condition->right);
  } else {
    const auto* bound = dyn_cast<SCEVConstant>(condition->right);
    if (signed_step > 0 || bound == nullptr || bound->getAPInt().uge(count.divisor)) return std::nullopt;
    count.dividend = counter->getStart();
    count.most_remainder = bound->getAPInt().getZExtValue();
  }
  count.backedges =
      scev.getUDivExpr(count.dividend, scev.getConstant(count.dividend->getType(), count.divisor));
  return count;
}

TripCount trip_count(const Loop& loop, ScalarEvolution& scev) {
  const SCEV* backedges = scev.getSymbolicMaxBackedgeTakenCount(&loop);
  const bool usable =
      !isa<SCEVCouldNotCompute>(backedges) && backedges->getType()->getIntegerBitWidth() <= 64;
  // A bound that is only a constant maximum is useless as a range; the exact form is not.
  if (usable &&
      !(isa<SCEVConstant>(backedges) && isa<SCEVCouldNotCompute>(scev.getBackedgeTakenCount(&loop)))) {
    return TripCount{.backedges = backedges};
  }
  return strided_trip_count(loop, scev).value_or(TripCount{});
}

// A loop that, as it turns out, covers fewer bytes with its widest access runs as it is, without a check: checking costs some fifteen
// instructions, and what it allows begins to pay when vectors fill. Copies of a few bytes are such loops.
constexpr uint64_t kFewestBytes = 16;

// Narrow starts and steps may be any 32-bit values; the constants of the wide form are kept so small that no
// sum of the check overflows.
constexpr int64_t kMaxWideConstant = int64_t{1} << 40;
constexpr int64_t kMaxWideStep = int64_t{1} << 30;

// Fills in start, constant and step of an index that is {start,+,step} in the loop, or does not change.
bool set_course(AffineAccess& access, const SCEV* index, const Loop& loop, ScalarEvolution& scev) {
  if (scev.isLoopInvariant(index, &loop)) {
    access.start = without_constant(index, access.constant, scev);
    return true;
  }
  const auto* recurrence = dyn_cast<SCEVAddRecExpr>(index);
  if (recurrence == nullptr || recurrence->getLoop() != &loop || !recurrence->isAffine()) return false;
  access.step = recurrence->getStepRecurrence(scev);
  access.start = without_constant(recurrence->getStart(), access.constant, scev);
  if (!access.is_wide()) return true;
  const auto* step = dyn_cast<SCEVConstant>(access.step);
  return step != nullptr && std::abs(step->getAPInt().getSExtValue()) <= kMaxWideStep;
}

std::optional<AffineAccess> affine_access(Instruction& instruction, const Loop& loop, ScalarEvolution& scev) {
  Value* pointer = getLoadStorePointerOperand(&instruction);
  const std::optional<LinearAddress> address = linear_address(pointer);
  if (!address || !loop.isLoopInvariant(address->base)) return std::nullopt;

  AffineAccess access;
  access.instruction = &instruction;
  access.base = address->base;
  access.size = instruction.getModule()->getDataLayout().getTypeStoreSize(getLoadStoreType(&instruction));
  const SCEV* index = scev.getSCEV(address->index);
  if (address->index_is_unsigned()) {
    access.displacement = address->displacement;
    if (access.displacement < 0 || !set_course(access, index, loop, scev)) return std::nullopt;
    return access;
  }
  if (!set_course(access, index, loop, scev)) return std::nullopt;
  access.constant += address->displacement;
  if (std::abs(access.constant) > kMaxWideConstant) return std::nullopt;
  return access;
}

class Versioner {
 public:
  Versioner(Function& function, LoopInfo& loops, ScalarEvolution& scev, DominatorTree& dominators)
      : function_(function), loops_(loops), scev_(scev), dominators_(dominators) {}

  bool run(Loop& loop) {
    if (!loop.isLoopSimplifyForm() || !loop.isLCSSAForm(dominators_) || !loop.isSafeToClone()) return false;
    if (!collect(loop)) return false;
    version(loop);
    return true;
  }

 private:
  // Finds the groups of accesses to prove; false when the loop is not worth two copies.
  bool collect(const Loop& loop) {
    groups_.clear();
    leaves_trapping_access_ = false;
    count_ = trip_count(loop, scev_);
    unsigned size = 0;
    for (BasicBlock* block : loop.blocks()) {
      size += static_cast<unsigned>(block->size());
      for (Instruction& instruction : *block) {
        if (!is_volatile_access(instruction)) continue;
        const auto access = affine_access(instruction, loop, scev_);
        if (!access || !expandable(*access, loop)) {
          leaves_trapping_access_ = true;
          continue;
        }
        add_to_group(*access);
      }
    }
    if (size > kMaxLoopInstructions || groups_.empty() || groups_.size() > kMaxChecks) return false;
    const bool moves = any_of(groups_, [](const AccessGroup& group) { return group.step != nullptr; });
    if (!moves) return false;  // invariant addresses alone gain nothing that is worth a second copy
    const bool stays = any_of(groups_, [](const AccessGroup& group) { return group.step == nullptr; });
    return is_counted(loop) || stays;
  }

  // A loop that data may end before its counter does is not vectorised: plain accesses gain something only if there is one to hoist.
  // Searches and comparisons are such loops, and they tend to end soon, while the check pays for the longest way.
  bool is_counted(const Loop& loop) {
    return count_.divisor > 1 || !isa<SCEVCouldNotCompute>(scev_.getBackedgeTakenCount(&loop));
  }

  bool expandable(const AffineAccess& access, const Loop& loop) {
    if (access.step != nullptr && count_.backedges == nullptr) return false;
    SCEVExpander expander(scev_, function_.getDataLayout(), "twine");
    const Instruction* at = loop.getLoopPreheader()->getTerminator();
    const auto ok = [&](const SCEV* expression) {
      return expression == nullptr || expander.isSafeToExpandAt(expression, at);
    };
    return ok(access.start) && ok(access.step) && ok(count_.backedges) && ok(count_.dividend);
  }

  void add_to_group(const AffineAccess& access) {
    auto* group = find_if(groups_, [&](const AccessGroup& candidate) {
      return candidate.base == access.base && candidate.start == access.start &&
             candidate.step == access.step;
    });
    if (group == groups_.end()) {
      groups_.push_back({access.base, access.start, access.step, {}});
      group = &groups_.back();
    }
    group->members.push_back(access);
  }

  // With fewer the check is not worth it; 1 when it always is.
  uint64_t fewest_iterations() const {
    uint64_t widest = 1;
    for (const AccessGroup& group : groups_) {
      for (const AffineAccess& member : group.members) widest = std::max(widest, member.size);
    }
    return std::max<uint64_t>(1, kFewestBytes / widest);
  }

  // Emits the check before `at` and fills in each group's first and step64. True: the fast copy may run.
  Value* emit_check(Instruction* at) {
    IRBuilder<> builder(at);
    SCEVExpander expander(scev_, function_.getDataLayout(), "twine");
    Type* i64 = builder.getInt64Ty();
    Value* passes = builder.getTrue();
    const auto require = [&](Value* condition) { passes = builder.CreateAnd(passes, condition); };
    Value* backedges = nullptr;
    backedges_ = nullptr;
    long_enough_ = nullptr;
    if (count_.backedges != nullptr) {
      Value* count = expander.expandCodeFor(count_.backedges, count_.backedges->getType(), at);
      backedges = builder.CreateZExt(count, i64);
      if (count->getType()->getIntegerBitWidth() > 32) {
        require(builder.CreateICmpULT(backedges, builder.getInt64(uint64_t{1} << 32)));
      }
      if (count_.divisor > 1) {
        Value* dividend = expander.expandCodeFor(count_.dividend, count_.dividend->getType(), at);
        Value* remainder = builder.CreateAnd(dividend, count_.divisor - 1);
        require(
            builder.CreateICmpULE(remainder, ConstantInt::get(remainder->getType(), count_.most_remainder)));
      }
      backedges_ = backedges;
      long_enough_ =
          dyn_cast<Instruction>(builder.CreateICmpUGE(backedges, builder.getInt64(fewest_iterations() - 1)));
    }
    // `first` and, if there is a step, `last` are the group's lowest offsets in the first and last iteration.
    // Each must be >= 0 and, with the extent, within the memory; as the size is at most 2^32, no narrow index
    // wraps in between. A wide start may be any 64-bit number, so that unsigned comparison with the room
    // decides: |step * backedges| < 2^62 cannot bring it back into range.
    Value* memory_size = emit_memory_size(builder);
    for (AccessGroup& group : groups_) {
      Type* type = group.start->getType();
      const SCEV* lowest = scev_.getAddExpr(
          group.start,
          scev_.getConstant(type, static_cast<uint64_t>(group.lowest_constant()), /*isSigned=*/true));
      group.first = builder.CreateZExt(expander.expandCodeFor(lowest, type, at), i64);
      Value* extent = builder.getInt64(group.extent());
      require(builder.CreateICmpUGE(memory_size, extent));
      Value* room = builder.CreateSub(memory_size, extent);
      require(builder.CreateICmpULE(group.first, room));
      if (group.step == nullptr) continue;
      group.step64 = builder.CreateSExt(expander.expandCodeFor(group.step, group.step->getType(), at), i64);
      Value* last = builder.CreateAdd(group.first, builder.CreateMul(group.step64, backedges));
      require(builder.CreateICmpULE(last, room));
    }
    return passes;
  }

  void version(Loop& loop) {
    LoopCopies copies(loop, loops_, dominators_);
    copies.branch_on(emit_check(copies.check()));
    simplify_fast_copy(copies);
    fence(copies.fast());
    if (long_enough_ != nullptr) copies.check_only_if(*long_enough_);
    scev_.forgetLoop(&loop);
    scev_.forgetBlockAndLoopDispositions();
  }

  void simplify_fast_copy(LoopCopies& copies) {
    Loop& fast = copies.fast();
    BasicBlock* preheader = fast.getLoopPreheader();
    BasicBlock* header = fast.getHeader();
    IRBuilder<> setup(preheader->getTerminator());
    Type* i64 = setup.getInt64Ty();

    PHINode* counter = PHINode::Create(i64, 2, "k", header->begin());
    IRBuilder<> at_latch(fast.getLoopLatch()->getTerminator());
    counter->addIncoming(setup.getInt64(0), preheader);
    counter->addIncoming(
        at_latch.CreateAdd(counter, setup.getInt64(1), "k.next", /*HasNUW=*/true, /*HasNSW=*/true),
        fast.getLoopLatch());
    if (count_.divisor > 1) count_by(*counter, fast);

    IRBuilder<> at_header(&*header->getFirstInsertionPt());
    for (AccessGroup& group : groups_) {
      Value* offset = group.step64 == nullptr ? nullptr
                                              : at_header.CreateMul(counter, group.step64, "offset",
                                                                    /*HasNUW=*/false, /*HasNSW=*/true);
      // All addresses of the group lie in the memory's reservation, which is one allocated object.
      Value* start = setup.CreateInBoundsGEP(setup.getInt8Ty(), group.base, group.first, "start");
      for (AffineAccess& member : group.members) {
        Instruction* access = copies.clone_of(member.instruction);
        const uint64_t displacement = group.offset(member);
        Value* pointer = start;
        if (displacement != 0)
          pointer = setup.CreateInBoundsGEP(setup.getInt8Ty(), start, setup.getInt64(displacement));
        if (offset != nullptr) pointer = at_header.CreateInBoundsGEP(at_header.getInt8Ty(), pointer, offset);
        access->setOperand(
            isa<LoadInst>(access) ? LoadInst::getPointerOperandIndex() : StoreInst::getPointerOperandIndex(),
            pointer);
        if (isa<LoadInst>(access) || !leaves_trapping_access_) make_plain(*access);
      }
    }
  }

  // The check has established an exact count that scalar evolution cannot see in the condition; say it with the counter.
  void count_by(PHINode& counter, Loop& fast) {
    auto* branch = cast<BranchInst>(fast.getLoopLatch()->getTerminator());
    IRBuilder<> builder(branch);
    const bool exits_when_true = !fast.contains(branch->getSuccessor(0));
    branch->setCondition(exits_when_true ? builder.CreateICmpEQ(&counter, backedges_)
                                         : builder.CreateICmpNE(&counter, backedges_));
  }

  Function& function_;
  LoopInfo& loops_;
  ScalarEvolution& scev_;
  DominatorTree& dominators_;
  SmallVector<AccessGroup, 8> groups_;
  TripCount count_;
  Value* backedges_ = nullptr;          // i64, in the preheader
  Instruction* long_enough_ = nullptr;  // whether the check may pay; null when that is known
  bool leaves_trapping_access_ = false;
};

}  // namespace

PreservedAnalyses LoopVersioningPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  if (loops.empty()) return PreservedAnalyses::all();
  auto& scev = analyses.getResult<ScalarEvolutionAnalysis>(function);
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);

  SmallVector<Loop*, 16> innermost;
  for (Loop* loop : loops.getLoopsInPreorder()) {
    if (loop->isInnermost()) innermost.push_back(loop);
  }
  bool changed = false;
  Versioner versioner(function, loops, scev, dominators);
  for (Loop* loop : innermost) changed |= versioner.run(*loop);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace twine::codegen

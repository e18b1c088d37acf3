#include "codegen/llvm/loop_nest_versioning.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "codegen/llvm/linear_address.h"
#include "codegen/llvm/loop_copies.h"

namespace twine::codegen {
namespace {

using namespace llvm;

// Keep sums of products within 2^62: steps below 2^26, bounds below 2^33 apart from their bases, which have 32 bits.
constexpr int64_t kMaxStep = int64_t{1} << 26;
constexpr int64_t kMaxBoundConstant = int64_t{1} << 33;
constexpr size_t kMaxLoops = 8;
// More would not pay for its instruction cache.
constexpr int64_t kMaxUnrolledTrips = 8;
constexpr size_t kMaxUnrolledInstructions = 600;
constexpr int64_t kMaxConstant = int64_t{1} << 40;
constexpr int64_t kCounterLimit = int64_t{1} << 32;

// What is added in each iteration of a loop: (position in the nest, bytes or backedges), outer loops first.
using Steps = SmallVector<std::pair<unsigned, int64_t>, 4>;

// base + constant + steps, where base is invariant in the nest and has no constant part.
struct Course {
  const SCEV* base = nullptr;
  int64_t constant = 0;
  Steps steps;
};

// constant + the sum of factor * base of a loop's bound: a number that is known where the nest is entered.
struct Extreme {
  int64_t constant = 0;
  Steps factors;
};

// Backedges that a loop takes at most.
struct Bound {
  Course course;
  bool may_be_minus_one = false;  // and the loop is then not entered
  Extreme lowest{};               // of what the steps add
  Extreme highest{};

  [[nodiscard]] int64_t least() const { return may_be_minus_one ? -1 : 0; }
};

struct Access {
  Instruction* instruction;
  Value* memory;
  Course course;
  int64_t displacement;  // >= 0; 0 when the index has 64 bits
  uint64_t size;
};

// Offsets [begin, end).
struct Range {
  int64_t begin;
  int64_t end;
};

// Accesses that differ by constants alone.
struct Group {
  SmallVector<Access, 4> members;
  Extreme lowest;  // of what the steps add
  Extreme highest;
  MDNode* scope = nullptr;  // of these accesses, when other groups are known to lie apart from this one
  SmallVector<Metadata*, 8> others;  // those groups' scopes
  Value* first = nullptr;            // i64: the lowest constant's offset in the first iteration of all loops

  [[nodiscard]] const Course& course() const { return members.front().course; }
  [[nodiscard]] bool is_wide() const { return course().base->getType()->isIntegerTy(64); }
  [[nodiscard]] int64_t lowest_constant() const {
    int64_t least = INT64_MAX;
    for (const Access& member : members) least = std::min(least, member.course.constant);
    return least;
  }
  // From the lowest constant, in bytes.
  [[nodiscard]] uint64_t offset(const Access& member) const {
    return static_cast<uint64_t>(member.course.constant - lowest_constant() + member.displacement);
  }
  [[nodiscard]] uint64_t least_offset() const {
    uint64_t least = UINT64_MAX;
    for (const Access& member : members) least = std::min(least, offset(member));
    return least;
  }
  // From the lowest constant to the end of the furthest access.
  [[nodiscard]] uint64_t extent() const {
    uint64_t furthest = 0;
    for (const Access& member : members) furthest = std::max(furthest, this->offset(member) + member.size);
    return furthest;
  }
};

class NestVersioner {
 public:
  NestVersioner(Function& function, LoopInfo& loops, ScalarEvolution& scev, DominatorTree& dominators,
                uint64_t minimum_size)
      : loops_(loops),
        scev_(scev),
        dominators_(dominators),
        minimum_size_(minimum_size),
        layout_(function.getDataLayout()) {}

  bool run(Loop& root) {
    root_ = &root;
    nest_.clear();
    bounds_.clear();
    groups_.clear();
    if (!collect_loops() || !collect_accesses()) return false;
    const bool fits =
        bounds_are_known() && all_of(groups_, [&](const Group& group) { return is_known_to_fit(group); });
    if (!fits && (root.isInnermost() || groups_.size() > kMaxChecks)) return false;
    if (groups_.size() <= kMaxChecks) find_disjoint_groups();
    if (fits) {
      make_plain_in_place();
    } else {
      version();
    }
    scev_.forgetTopmostLoop(root_);
    scev_.forgetBlockAndLoopDispositions();
    return true;
  }

 private:
  // The nest's loops, outer ones first, and their bounds.
  bool collect_loops() {
    unsigned size = 0;
    for (BasicBlock* block : root_->blocks()) size += static_cast<unsigned>(block->size());
    if (size > kMaxLoopInstructions) return false;
    for (Loop* loop : root_->getLoopsInPreorder()) {
      if (!loop->isLoopSimplifyForm() || nest_.size() == kMaxLoops) return false;
      nest_.push_back(loop);
    }
    if (!root_->isLCSSAForm(dominators_) || !root_->isSafeToClone()) return false;
    return all_of(nest_, [&](Loop* loop) { return add_bound(*loop); }) && all_of(bounds_, [&](Bound& bound) {
             return find_extremes(bound.course.steps, /*margin=*/false, bound.lowest, bound.highest);
           });
  }

  bool add_bound(Loop& loop) {
    const SCEV* backedges = scev_.getSymbolicMaxBackedgeTakenCount(&loop);
    if (isa<SCEVCouldNotCompute>(backedges) || backedges->getType()->getIntegerBitWidth() > 64) return false;
    auto course = course_of(backedges, *loop.getLoopPreheader());
    if (!course || std::abs(course->constant) > kMaxBoundConstant) return false;
    if (!course->base->isZero() && course->base->getType()->getIntegerBitWidth() > 32) return false;
    bounds_.push_back(
        {.course = std::move(*course), .may_be_minus_one = is_skipped_at_minus_one(loop, backedges)});
    return true;
  }

  // Whether a branch inside the nest enters the loop only if two values differ whose difference is backedges + 1.
  bool is_skipped_at_minus_one(const Loop& loop, const SCEV* backedges) {
    const SCEV* trips = scev_.getAddExpr(backedges, scev_.getOne(backedges->getType()));
    for (const BasicBlock* block = loop.getLoopPreheader(); root_->contains(block);) {
      const BasicBlock* before = block->getSinglePredecessor();
      if (before == nullptr) return false;
      const auto* branch = dyn_cast<BranchInst>(before->getTerminator());
      if (branch != nullptr && branch->isConditional() &&
          differs(branch->getCondition(), branch->getSuccessor(0) == block, trips)) {
        return true;
      }
      block = before;
    }
    return false;
  }

  // Whether `condition` being `value` implies that two values differ whose difference is `difference` or its negative.
  bool differs(Value* condition, bool value, const SCEV* difference) {
    const auto* compare = dyn_cast<ICmpInst>(condition);
    if (compare == nullptr || compare->getOperand(0)->getType() != difference->getType()) return false;
    const ICmpInst::Predicate predicate = value ? compare->getPredicate() : compare->getInversePredicate();
    const SCEV* left = scev_.getSCEV(compare->getOperand(0));
    const SCEV* right = scev_.getSCEV(compare->getOperand(1));
    if (ICmpInst::isNonStrictPredicate(predicate)) {
      // x <= C is x < C + 1, unless that wraps.
      const auto* constant = dyn_cast<SCEVConstant>(right);
      if (constant == nullptr) return false;
      const APInt& limit = constant->getAPInt();
      const bool grows = predicate == ICmpInst::ICMP_ULE || predicate == ICmpInst::ICMP_SLE;
      const bool is_signed = ICmpInst::isSigned(predicate);
      const bool wraps = grows ? (is_signed ? limit.isMaxSignedValue() : limit.isMaxValue())
                               : (is_signed ? limit.isMinSignedValue() : limit.isMinValue());
      if (wraps) return false;
      right = scev_.getConstant(grows ? limit + 1 : limit - 1);
    } else if (predicate == ICmpInst::ICMP_EQ) {
      return false;
    }
    const SCEV* distance = scev_.getMinusSCEV(left, right);
    return distance == difference || distance == scev_.getNegativeSCEV(difference);
  }

  bool collect_accesses() {
    for (BasicBlock* block : root_->blocks()) {
      for (Instruction& instruction : *block) {
        if (isa<LoadInst, StoreInst>(instruction)) {
          if (is_volatile_access(instruction) && !add_access(instruction)) return false;
        } else if (instruction.mayHaveSideEffects() || instruction.mayReadFromMemory()) {
          return false;
        }
      }
    }
    return any_of(groups_, [](const Group& group) { return !group.course().steps.empty(); });
  }

  bool add_access(Instruction& instruction) {
    const std::optional<LinearAddress> address = linear_address(getLoadStorePointerOperand(&instruction));
    if (!address || !root_->isLoopInvariant(address->base)) return false;
    const bool narrow = address->index_is_unsigned();
    if (narrow && address->displacement < 0) return false;
    auto course = course_of(scev_.getSCEV(address->index), *instruction.getParent());
    if (!course) return false;
    if (!narrow) course->constant += address->displacement;
    if (std::abs(course->constant) > kMaxConstant) return false;
    Access access{&instruction, address->base, std::move(*course), narrow ? address->displacement : 0,
                  layout_.getTypeStoreSize(getLoadStoreType(&instruction))};
    auto* group = find_if(groups_, [&](const Group& candidate) {
      const Access& other = candidate.members.front();
      return other.memory == access.memory && other.course.base == access.course.base &&
             other.course.steps == access.course.steps;
    });
    if (group == groups_.end()) {
      groups_.emplace_back();
      group = &groups_.back();
      if (!find_extremes(access.course.steps, /*margin=*/true, group->lowest, group->highest)) return false;
    }
    group->members.push_back(std::move(access));
    return true;
  }

  // `value` where it is used in `block`; nothing when it does not move by constants.
  std::optional<Course> course_of(const SCEV* value, const BasicBlock& block) {
    Course course;
    course.base = scev_.getZero(value->getType());
    if (!add_to_course(value, block, course)) return std::nullopt;
    course.base = without_constant(course.base, course.constant, scev_);
    SCEVExpander expander(scev_, layout_, "twine");
    if (!expander.isSafeToExpandAt(course.base, root_->getLoopPreheader()->getTerminator()))
      return std::nullopt;
    sort(course.steps);
    return course;
  }

  bool add_to_course(const SCEV* value, const BasicBlock& block, Course& course) {
    if (scev_.isLoopInvariant(value, root_)) {
      course.base = scev_.getAddExpr(course.base, value);
      return true;
    }
    if (const auto* sum = dyn_cast<SCEVAddExpr>(value)) {
      return all_of(sum->operands(), [&](const SCEV* part) { return add_to_course(part, block, course); });
    }
    const auto* recurrence = dyn_cast<SCEVAddRecExpr>(value);
    if (recurrence == nullptr || !recurrence->isAffine() || !recurrence->getLoop()->contains(&block))
      return false;
    const auto* step = dyn_cast<SCEVConstant>(recurrence->getStepRecurrence(scev_));
    const auto* loop = find(nest_, recurrence->getLoop());
    if (step == nullptr || step->getAPInt().getSignificantBits() > 32 || loop == nest_.end()) return false;
    return add_step(course.steps, static_cast<unsigned>(loop - nest_.begin()),
                    step->getAPInt().getSExtValue()) &&
           add_to_course(recurrence->getStart(), block, course);
  }

  static bool add_step(Steps& steps, unsigned loop, int64_t step) {
    auto* known = find_if(steps, [&](const auto& entry) { return entry.first == loop; });
    if (known == steps.end()) known = &steps.emplace_back(loop, 0);
    known->second += step;
    return std::abs(known->second) <= kMaxStep;
  }

  // The least or greatest sum that the steps come to. With a margin, it lies a step of each loop further that may not be entered, so that
  // the address of its first iteration, which stands before it, is within bounds even then.
  std::optional<Extreme> extreme(const Steps& steps, bool highest, bool margin) {
    Extreme result;
    Steps remaining = steps;
    for (unsigned loop = static_cast<unsigned>(nest_.size()); loop-- > 0;) {
      const auto* entry = find_if(remaining, [&](const auto& step) { return step.first == loop; });
      if (entry == remaining.end()) continue;
      const int64_t step = entry->second;
      const Bound& bound = bounds_[loop];
      if (margin && bound.may_be_minus_one) result.constant += highest ? std::abs(step) : -std::abs(step);
      if (step == 0 || (step > 0) != highest) continue;
      result.constant += step * bound.course.constant;
      if (!bound.course.base->isZero()) result.factors.emplace_back(loop, step);
      for (const auto& [outer, outer_step] : bound.course.steps) {
        // Both are below 2^26.
        if (!add_step(remaining, outer, step * outer_step)) return std::nullopt;
      }
    }
    return result;
  }

  bool find_extremes(const Steps& steps, bool margin, Extreme& lowest, Extreme& highest) {
    const auto least = extreme(steps, /*highest=*/false, margin);
    const auto most = extreme(steps, /*highest=*/true, margin);
    if (!least || !most) return false;
    lowest = *least;
    highest = *most;
    return true;
  }

  // Whether it is known at compile time that each loop's bound is a count.
  bool bounds_are_known() {
    return all_of(bounds_, [](const Bound& bound) {
      return bound.course.base->isZero() && bound.lowest.factors.empty() && bound.highest.factors.empty() &&
             bound.course.constant + bound.lowest.constant >= bound.least() &&
             bound.course.constant + bound.highest.constant < kCounterLimit;
    });
  }

  // The offset of a group's lowest constant in the first iteration of all loops, before it is extended to 64 bits.
  const SCEV* first_of(const Group& group) {
    return scev_.getAddExpr(
        group.course().base,
        scev_.getConstant(group.course().base->getType(), static_cast<uint64_t>(group.lowest_constant()),
                          /*isSigned=*/true));
  }

  // Offsets between which the group's accesses are known to lie, displacements counted at the end only, if each loop's bound is a count.
  std::optional<Range> known_range(const Group& group) {
    if (!group.lowest.factors.empty() || !group.highest.factors.empty()) return std::nullopt;
    const ConstantRange first = scev_.getUnsignedRange(first_of(group));
    const APInt limit(first.getBitWidth(), uint64_t{1} << 32 >> 1);
    if (!first.getUnsignedMax().ule(limit)) return std::nullopt;
    const Range range{static_cast<int64_t>(first.getUnsignedMin().getZExtValue()) + group.lowest.constant,
                      static_cast<int64_t>(first.getUnsignedMax().getZExtValue() + group.extent()) +
                          group.highest.constant};
    return range;
  }

  // Whether the accesses lie below the memory's minimum size, if each loop's bound is a count.
  bool is_known_to_fit(const Group& group) {
    const std::optional<Range> range = known_range(group);
    return range && range->begin >= 0 && static_cast<uint64_t>(range->end) <= minimum_size_;
  }

  void make_plain_in_place() {
    Instruction* at = root_->getLoopPreheader()->getTerminator();
    for (Group& group : groups_) emit_first(group, at);
    simplify(nullptr);
    mark_for_unrolling(nullptr);
    fence(*root_);
  }

  void version() {
    LoopCopies copies(*root_, loops_, dominators_);
    copies.branch_on(emit_check(copies.check()));
    simplify(&copies);
    mark_for_unrolling(&copies);
    fence(copies.fast());
  }

  void emit_first(Group& group, Instruction* at) {
    SCEVExpander expander(scev_, layout_, "twine");
    const SCEV* first = first_of(group);
    IRBuilder<> builder(at);
    group.first =
        builder.CreateZExt(expander.expandCodeFor(first, first->getType(), at), builder.getInt64Ty());
  }

  // True: the fast copy may run.
  Value* emit_check(Instruction* at) {
    IRBuilder<> builder(at);
    Value* passes = builder.getTrue();
    const auto require = [&](Value* condition) { passes = builder.CreateAnd(passes, condition); };
    SmallVector<Value*, 4> bases;
    for (const Bound& bound : bounds_) {
      SCEVExpander expander(scev_, layout_, "twine");
      Type* type = bound.course.base->getType();
      bases.push_back(
          builder.CreateSExt(expander.expandCodeFor(bound.course.base, type, at), builder.getInt64Ty()));
    }
    const auto value_of = [&](const Extreme& extreme) {
      Value* sum = builder.getInt64(static_cast<uint64_t>(extreme.constant));
      for (const auto& [loop, factor] : extreme.factors) {
        sum = builder.CreateAdd(
            sum, builder.CreateMul(bases[loop], builder.getInt64(static_cast<uint64_t>(factor))));
      }
      return sum;
    };
    for (size_t loop = 0; loop < bounds_.size(); ++loop) {
      const Bound& bound = bounds_[loop];
      Value* base =
          builder.CreateAdd(bases[loop], builder.getInt64(static_cast<uint64_t>(bound.course.constant)));
      Value* lowest = builder.CreateAdd(base, value_of(bound.lowest));
      Value* highest = builder.CreateAdd(base, value_of(bound.highest));
      require(builder.CreateICmpSGE(lowest, builder.getInt64(static_cast<uint64_t>(bound.least()))));
      require(builder.CreateICmpSLT(highest, builder.getInt64(kCounterLimit)));
    }
    Value* memory_size = emit_memory_size(builder);
    for (Group& group : groups_) {
      emit_first(group, at);
      if (is_known_to_fit(group)) continue;
      Value* extent = builder.getInt64(group.extent());
      require(builder.CreateICmpUGE(memory_size, extent));
      Value* room = builder.CreateSub(memory_size, extent);
      require(builder.CreateICmpULE(builder.CreateAdd(group.first, value_of(group.lowest)), room));
      require(builder.CreateICmpULE(builder.CreateAdd(group.first, value_of(group.highest)), room));
    }
    return passes;
  }

  // Addresses become sums in 64 bits of counters, and accesses plain, in the fast copy or, without copies, in the nest itself.
  void simplify(LoopCopies* copies) {
    const auto image = [&](auto* original) {
      return copies == nullptr ? original : copies->clone_of(original);
    };
    SmallVector<PHINode*, 4> counters(nest_.size());
    const auto counter = [&](unsigned loop) {
      if (counters[loop] == nullptr) {
        counters[loop] = add_counter(*image(nest_[loop]->getLoopPreheader()),
                                     *image(nest_[loop]->getHeader()), *image(nest_[loop]->getLoopLatch()));
      }
      return counters[loop];
    };
    IRBuilder<> setup(image(root_->getLoopPreheader())->getTerminator());
    for (const Group& group : groups_) {
      // All these addresses lie in the memory's reservation, which is one allocated object.
      Value* start =
          setup.CreateInBoundsGEP(setup.getInt8Ty(), group.members.front().memory, group.first, "start");
      SmallVector<Value*, 4> offsets;
      for (const auto& [loop, step] : group.course().steps) {
        PHINode* iteration = counter(loop);
        IRBuilder<> builder(&*iteration->getParent()->getFirstInsertionPt());
        offsets.push_back(builder.CreateMul(iteration, builder.getInt64(static_cast<uint64_t>(step)),
                                            "offset",
                                            /*HasNUW=*/false, /*HasNSW=*/true));
      }
      for (const Access& member : group.members) {
        Value* pointer = start;
        if (const uint64_t distance = group.offset(member); distance != 0)
          pointer = setup.CreateInBoundsGEP(setup.getInt8Ty(), start, setup.getInt64(distance));
        for (const auto [position, step] : enumerate(group.course().steps)) {
          // Behind the multiplication, which stands in the header of the same loop.
          auto* offset = cast<Instruction>(offsets[position]);
          IRBuilder<> builder(offset->getNextNode());
          pointer = builder.CreateInBoundsGEP(builder.getInt8Ty(), pointer, offset);
        }
        Instruction* access = image(member.instruction);
        access->setOperand(
            isa<LoadInst>(access) ? LoadInst::getPointerOperandIndex() : StoreInst::getPointerOperandIndex(),
            pointer);
        make_plain(*access);
        if (group.scope == nullptr) continue;
        access->setMetadata(LLVMContext::MD_alias_scope, MDNode::get(access->getContext(), {group.scope}));
        access->setMetadata(LLVMContext::MD_noalias, MDNode::get(access->getContext(), group.others));
      }
    }
  }

  // Tells LLVM which groups are known to lie apart, wherever in the nest and whenever it is entered.
  void find_disjoint_groups() {
    SmallVector<std::optional<Range>, 8> ranges;
    for (const Group& group : groups_) {
      std::optional<Range> range = known_range(group);
      if (range) range->begin += static_cast<int64_t>(group.least_offset());
      ranges.push_back(range);
    }
    MDBuilder builder(scev_.getContext());
    MDNode* domain = builder.createAnonymousAliasScopeDomain("nest");
    for (size_t i = 0; i < groups_.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const std::optional<Range>& one = ranges[i];
        const std::optional<Range>& other = ranges[j];
        if (!one || !other || (one->begin < other->end && other->begin < one->end)) continue;
        for (const size_t group : {i, j}) {
          if (groups_[group].scope == nullptr)
            groups_[group].scope = builder.createAnonymousAliasScope(domain);
        }
        groups_[i].others.push_back(groups_[j].scope);
        groups_[j].others.push_back(groups_[i].scope);
      }
    }
  }

  // Small loops inside the nest that would make straight code, with constant addresses, ask to be unrolled.
  void mark_for_unrolling(LoopCopies* copies) {
    SmallVector<const Loop*, 4> marked;
    for (Loop* loop : nest_) {
      if (loop == root_ || loop->isInnermost() ||
          any_of(marked, [&](const Loop* m) { return m->contains(loop); }))
        continue;
      if (unrolled_size(*loop) > kMaxUnrolledInstructions) continue;
      marked.push_back(loop);
      for (Loop* part : loop->getLoopsInPreorder()) {
        BasicBlock* header = copies == nullptr ? part->getHeader() : copies->clone_of(part->getHeader());
        addStringMetadataToLoop(loops_.getLoopFor(header), "llvm.loop.unroll.full", 1);
      }
    }
  }

  // Instructions of `loop` when it and the loops in it are unrolled, without those that compute addresses and counters, which become
  // constants; SIZE_MAX when they cannot be. A triangular loop counts with the mean of its trips.
  size_t unrolled_size(const Loop& loop) {
    size_t size = 0;
    for (const BasicBlock* block : loop.blocks()) {
      size_t copies = 1;
      for (unsigned number = 0; number < nest_.size(); ++number) {
        if (!loop.contains(nest_[number]) || !nest_[number]->contains(block)) continue;
        const Bound& bound = bounds_[number];
        const bool is_constant =
            bound.course.base->isZero() && bound.lowest.factors.empty() && bound.highest.factors.empty() &&
            all_of(bound.course.steps, [&](const auto& step) { return loop.contains(nest_[step.first]); });
        const int64_t most = bound.course.constant + bound.highest.constant + 1;
        const int64_t least = bound.course.constant + bound.lowest.constant + 1;
        if (!is_constant || least < 0 || most < 1 || most > kMaxUnrolledTrips) return SIZE_MAX;
        copies *= static_cast<size_t>((least + most + 1) / 2);
      }
      size += copies * static_cast<size_t>(count_if(*block, [](const Instruction& instruction) {
                return !(instruction.getType()->isIntegerTy() && !instruction.mayReadFromMemory()) &&
                       !isa<GetElementPtrInst>(instruction) && !instruction.isTerminator();
              }));
    }
    return size;
  }

  static PHINode* add_counter(BasicBlock& preheader, BasicBlock& header, BasicBlock& latch) {
    IRBuilder<> builder(latch.getTerminator());
    PHINode* counter = PHINode::Create(builder.getInt64Ty(), 2, "k", header.begin());
    counter->addIncoming(builder.getInt64(0), &preheader);
    counter->addIncoming(
        builder.CreateAdd(counter, builder.getInt64(1), "k.next", /*HasNUW=*/true, /*HasNSW=*/true), &latch);
    return counter;
  }

  LoopInfo& loops_;
  ScalarEvolution& scev_;
  DominatorTree& dominators_;
  uint64_t minimum_size_;
  const DataLayout& layout_;
  Loop* root_ = nullptr;
  SmallVector<Loop*, 4> nest_;    // outer loops first
  SmallVector<Bound, 4> bounds_;  // of each
  SmallVector<Group, 8> groups_;
};

bool version_from(Loop& loop, NestVersioner& versioner) {
  const SmallVector<Loop*, 4> inner(loop.begin(), loop.end());
  if (versioner.run(loop)) return true;
  bool changed = false;
  for (Loop* child : inner) changed |= version_from(*child, versioner);
  return changed;
}

}  // namespace

PreservedAnalyses LoopNestVersioningPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  if (loops.empty()) return PreservedAnalyses::all();
  auto& scev = analyses.getResult<ScalarEvolutionAnalysis>(function);
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  NestVersioner versioner(function, loops, scev, dominators, minimum_size_);
  const SmallVector<Loop*, 8> outermost(loops.begin(), loops.end());
  bool changed = false;
  for (Loop* loop : outermost) changed |= version_from(*loop, versioner);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace twine::codegen

#include "codegen/llvm/loop_rerolling.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <cstdint>

namespace twine::codegen {
namespace {

using namespace llvm;

constexpr unsigned kMostLanes = 16;
constexpr unsigned kMostInstructions = 400;
// Pairings tried of one number of lanes; swapping the operands of commutative operations could take exponential time.
constexpr unsigned kMostSteps = 10000;
// Keeps the products of the new counter within 64 bits.
constexpr uint64_t kMostIterations = uint64_t{1} << 33;
constexpr int64_t kMostStep = int64_t{1} << 24;

class Reroller {
 public:
  Reroller(Loop& loop, ScalarEvolution& scev)
      : loop_(loop), scev_(scev), block_(*loop.getHeader()), layout_(block_.getDataLayout()) {}

  bool run() {
    if (!collect()) return false;
    for (lanes_ = std::min<unsigned>(kMostLanes, static_cast<unsigned>(accesses_.size())); lanes_ >= 2;
         --lanes_) {
      if (accesses_.size() % lanes_ != 0 || stores_.size() % lanes_ != 0) continue;
      if (match_lanes()) {
        rewrite();
        return true;
      }
    }
    return false;
  }

 private:
  // An integer that each lane combines with its own values: start -> values[0] -> values[1] -> … -> the phi's next value.
  struct Reduction {
    PHINode* phi;
    SmallVector<Instruction*, 16> values;  // every link of the chain, lanes after one another

    [[nodiscard]] Instruction* after_lane(unsigned lane, unsigned lanes) const {
      return values[(lane + 1) * values.size() / lanes - 1];
    }
  };

  // What match() has learnt, to be taken back when a pairing turns out wrong.
  struct Learnt {
    enum { image, carried, lane } what;
    Instruction* key;
    unsigned of_lane;
  };

  // Finds the parts of the loop; false when it has a form that this pass does not know.
  bool collect() {
    if (loop_.getNumBlocks() != 1 || loop_.getLoopPreheader() == nullptr || block_.size() > kMostInstructions)
      return false;
    branch_ = dyn_cast<BranchInst>(block_.getTerminator());
    if (branch_ == nullptr || !branch_->isConditional()) return false;
    backedges_ = scev_.getBackedgeTakenCount(&loop_);
    if (isa<SCEVCouldNotCompute>(backedges_) || !scev_.getUnsignedRangeMax(backedges_).ult(kMostIterations))
      return false;
    SCEVExpander expander(scev_, layout_, "twine");
    if (!expander.isSafeToExpandAt(backedges_, loop_.getLoopPreheader()->getTerminator())) return false;
    for (Instruction& instruction : block_) {
      if (auto* phi = dyn_cast<PHINode>(&instruction)) {
        if (!add_phi(*phi)) return false;
      } else if (auto* store = dyn_cast<StoreInst>(&instruction)) {
        if (!store->isSimple() || !is_known_pointer(store->getPointerOperand())) return false;
        accesses_.push_back(store);
        stores_.push_back(store);
      } else if (auto* load = dyn_cast<LoadInst>(&instruction)) {
        if (!load->isSimple() || !is_known_pointer(load->getPointerOperand())) return false;
        accesses_.push_back(load);
      } else if (instruction.mayHaveSideEffects() || instruction.mayReadFromMemory()) {
        return false;
      }
    }
    return !stores_.empty() || !reductions_.empty();
  }

  // The address is the same in every iteration, or moves by a constant.
  bool is_known_pointer(Value* pointer) {
    const SCEV* address = scev_.getSCEV(pointer);
    SCEVExpander expander(scev_, layout_, "twine");
    const Instruction* at = loop_.getLoopPreheader()->getTerminator();
    if (scev_.isLoopInvariant(address, &loop_)) return expander.isSafeToExpandAt(address, at);
    const auto* recurrence = dyn_cast<SCEVAddRecExpr>(address);
    return recurrence != nullptr && recurrence->getLoop() == &loop_ && step_of(address) != 0 &&
           std::abs(step_of(address)) <= kMostStep && expander.isSafeToExpandAt(recurrence->getStart(), at);
  }

  // Bytes from one iteration of this loop to the next; 0 when it does not move in it (an outer loop may move it) or is no constant.
  int64_t step_of(const SCEV* address) {
    const auto* recurrence = dyn_cast<SCEVAddRecExpr>(address);
    if (recurrence == nullptr || recurrence->getLoop() != &loop_ || !recurrence->isAffine()) return 0;
    const auto* step = dyn_cast<SCEVConstant>(recurrence->getStepRecurrence(scev_));
    return step != nullptr && step->getAPInt().getSignificantBits() <= 32 ? step->getAPInt().getSExtValue()
                                                                          : 0;
  }

  bool add_phi(PHINode& phi) {
    auto* next = dyn_cast<Instruction>(phi.getIncomingValueForBlock(&block_));
    if (next == nullptr || next->getParent() != &block_) return false;
    // An induction: phi + constant.
    if (next->getOpcode() == Instruction::Add && next->getOperand(0) == &phi &&
        isa<ConstantInt>(next->getOperand(1))) {
      inductions_.push_back(&phi);
      return true;
    }
    if (phi.getType()->isIntegerTy() && add_reduction(phi, *next)) return true;
    delays_.push_back(&phi);
    return true;
  }

  bool add_reduction(PHINode& phi, Instruction& next) {
    Reduction reduction{&phi, {}};
    for (Instruction* link = &next; link != &phi;) {
      reduction.values.push_back(link);
      Instruction* before = nullptr;
      for (Value* operand : link->operands()) {
        auto* candidate = dyn_cast<Instruction>(operand);
        if (candidate == nullptr || candidate->getParent() != &block_) continue;
        if (candidate == &phi) {
          before = candidate;
          break;
        }
        if (candidate->getOpcode() == link->getOpcode() && candidate->getType() == link->getType())
          before = candidate;
      }
      if (before == nullptr || reduction.values.size() > kMostInstructions) return false;
      link = before;
    }
    std::reverse(reduction.values.begin(), reduction.values.end());
    reductions_.push_back(std::move(reduction));
    return true;
  }

  bool match_lanes() {
    image_.clear();
    image_.resize(lanes_);
    carried_.clear();
    carried_.resize(lanes_);
    lane_of_.clear();
    learnt_.clear();
    steps_ = 0;
    const size_t stores = stores_.size() / lanes_;
    for (unsigned lane = 1; lane < lanes_; ++lane) {
      for (size_t i = 0; i < stores; ++i) {
        if (!match(stores_[i], stores_[lane * stores + i], lane)) return false;
      }
      for (const Reduction& reduction : reductions_) {
        if (reduction.values.size() % lanes_ != 0) return false;
        if (!match(reduction.after_lane(0, lanes_), reduction.after_lane(lane, lanes_), lane)) return false;
      }
    }
    return carries_fit() && delays_fit() && order_fits() && uses_fit();
  }

  // Whether `other` is in `lane` what `first` is in lane 0. Remembers the pair.
  bool match(Value* first, Value* other, unsigned lane) {
    auto* a = dyn_cast<Instruction>(first);
    auto* b = dyn_cast<Instruction>(other);
    if (a == nullptr || a->getParent() != &block_) return first == other;
    if (b == nullptr || b->getParent() != &block_ || a == b || ++steps_ > kMostSteps) return false;
    if (auto* phi = dyn_cast<PHINode>(a)) {
      const auto [known, is_new] = carried_[lane].try_emplace(phi, b);
      if (is_new) learnt_.push_back({Learnt::carried, phi, lane});
      return known->second == b;
    }
    const auto [known, is_new] = image_[lane].try_emplace(a, b);
    if (!is_new) return known->second == b;
    learnt_.push_back({Learnt::image, a, lane});
    if (!put_in_lane(*b, lane) || !put_in_lane(*a, 0)) return false;
    if (!a->isSameOperationAs(b) || !a->hasSameSubclassOptionalData(b) || !same_metadata(*a, *b))
      return false;
    const size_t mark = learnt_.size();
    if (match_operands(*a, *b, lane, /*swapped=*/false)) return true;
    forget_since(mark);
    return a->isCommutative() && match_operands(*a, *b, lane, /*swapped=*/true);
  }

  // swapped: the first two operands of `b` in the other order.
  bool match_operands(Instruction& a, Instruction& b, unsigned lane, bool swapped) {
    for (unsigned i = 0; i < a.getNumOperands(); ++i) {
      Value* other = b.getOperand(swapped && i < 2 ? 1 - i : i);
      const bool fits = is_pointer_operand(a, i) ? match_pointers(a.getOperand(i), other, lane)
                                                 : match(a.getOperand(i), other, lane);
      if (!fits) return false;
    }
    return true;
  }

  // An instruction belongs to one lane, and in a later lane to one instruction of lane 0.
  bool put_in_lane(Instruction& instruction, unsigned lane) {
    const auto [known, is_new] = lane_of_.try_emplace(&instruction, lane);
    if (is_new) learnt_.push_back({Learnt::lane, &instruction, lane});
    return is_new || (lane == 0 && known->second == 0);
  }

  void forget_since(size_t mark) {
    for (; learnt_.size() > mark; learnt_.pop_back()) {
      const Learnt& last = learnt_.back();
      if (last.what == Learnt::image) image_[last.of_lane].erase(last.key);
      if (last.what == Learnt::carried) carried_[last.of_lane].erase(cast<PHINode>(last.key));
      if (last.what == Learnt::lane) lane_of_.erase(last.key);
    }
  }

  // What lane 0 is known for must be known of every lane.
  static bool same_metadata(const Instruction& a, const Instruction& b) {
    SmallVector<std::pair<unsigned, MDNode*>, 4> of_a;
    SmallVector<std::pair<unsigned, MDNode*>, 4> of_b;
    a.getAllMetadataOtherThanDebugLoc(of_a);
    b.getAllMetadataOtherThanDebugLoc(of_b);
    return of_a == of_b;
  }

  static bool is_pointer_operand(const Instruction& instruction, unsigned operand) {
    if (isa<LoadInst>(instruction)) return operand == LoadInst::getPointerOperandIndex();
    return isa<StoreInst>(instruction) && operand == StoreInst::getPointerOperandIndex();
  }

  // Whether lane `lane` is that many lanes' strides further.
  bool match_pointers(Value* first, Value* other, unsigned lane) {
    const SCEV* a = scev_.getSCEV(first);
    const SCEV* b = scev_.getSCEV(other);
    if (scev_.isLoopInvariant(a, &loop_)) return a == b;
    const int64_t step = step_of(a);
    if (step != step_of(b) || step % static_cast<int64_t>(lanes_) != 0) return false;
    const auto* distance = dyn_cast<SCEVConstant>(scev_.getMinusSCEV(b, a));
    return distance != nullptr &&
           distance->getAPInt().getSExtValue() == step / static_cast<int64_t>(lanes_) * lane;
  }

  // What a lane takes from a phi in lane 0, it takes in later lanes from the lane before.
  bool carries_fit() {
    for (unsigned lane = 1; lane < lanes_; ++lane) {
      for (const auto& [phi, value] : carried_[lane]) {
        if (is_contained(delays_, phi)) continue;
        const auto* reduction =
            find_if(reductions_, [&](const Reduction& candidate) { return candidate.phi == phi; });
        if (reduction == reductions_.end() || reduction->after_lane(lane - 1, lanes_) != value) return false;
      }
    }
    return true;
  }

  // A delay hands a loaded value, or another delay's, to the next lane: what lane 1 takes in its place is what its phi becomes.
  bool delays_fit() {
    for (PHINode* phi : delays_) {
      Instruction* next = carried_[1].lookup(phi);
      const auto* next_phi = dyn_cast_or_null<PHINode>(next);
      const bool is_load_of_first_lane =
          isa_and_nonnull<LoadInst>(next) && lane_of_.contains(next) && lane_of_[next] == 0;
      if (!is_load_of_first_lane && (next_phi == nullptr || !is_contained(delays_, next_phi))) return false;
      for (unsigned lane = 1; lane <= lanes_; ++lane) {
        const Value* taken =
            lane == lanes_ ? phi->getIncomingValueForBlock(&block_) : carried_[lane].lookup(phi);
        if (taken == nullptr || taken != in_lane(next, lane - 1)) return false;
      }
    }
    return true;
  }

  // What the value of lane 0 is in `lane`; null when there is none.
  Instruction* in_lane(Instruction* value, unsigned lane) {
    if (lane == 0) return value;
    if (auto* phi = dyn_cast<PHINode>(value)) return carried_[lane].lookup(phi);
    return image_[lane].lookup(value);
  }

  // Every access belongs to a lane; with stores, the lanes' accesses follow each other, and within each lane they come in the order of
  // lane 0, which is the one that stays.
  bool order_fits() {
    const size_t per_lane = accesses_.size() / lanes_;
    for (size_t i = 0; i < accesses_.size(); ++i) {
      const auto lane = lane_of_.find(accesses_[i]);
      if (lane == lane_of_.end()) return false;
      if (stores_.empty()) continue;
      if (lane->second != i / per_lane) return false;
      if (lane->second != 0 && image_[lane->second].lookup(accesses_[i % per_lane]) != accesses_[i])
        return false;
    }
    return true;
  }

  // Nothing else needs what goes away, and the inductions can advance by a lane.
  bool uses_fit() {
    const auto is_outside = [&](const User* user) { return cast<Instruction>(user)->getParent() != &block_; };
    for (Instruction& instruction : block_) {
      const auto lane = lane_of_.find(&instruction);
      const bool leaves = any_of(instruction.users(), is_outside);
      if (lane != lane_of_.end()) {
        for (const User* user : instruction.users()) {
          if (!is_outside(user) && !isa<PHINode>(user) && !lane_of_.contains(cast<Instruction>(user)))
            return false;
        }
        if (leaves && in_first_lane(instruction) == nullptr) return false;
        continue;
      }
      if (!leaves) continue;
      const auto* induction = find_if(inductions_, [&](const PHINode* phi) {
        return phi->getIncomingValueForBlock(&block_) == &instruction;
      });
      if (induction == inductions_.end()) return false;
      const APInt& step = cast<ConstantInt>(instruction.getOperand(1))->getValue();
      if (step.getSignificantBits() > 32 || step.getSExtValue() % static_cast<int64_t>(lanes_) != 0)
        return false;
    }
    return true;
  }

  // The instruction of lane 0 that computes in the last iteration what `last` does; null unless that is one of the last lane.
  Instruction* in_first_lane(const Instruction& last) {
    for (const Reduction& reduction : reductions_) {
      if (reduction.values.back() == &last) return reduction.after_lane(0, lanes_);
    }
    for (const auto& [first, image] : image_[lanes_ - 1]) {
      if (image == &last) return first;
    }
    return nullptr;
  }

  void rewrite() {
    BasicBlock* preheader = loop_.getLoopPreheader();
    IRBuilder<> setup(preheader->getTerminator());
    Type* i64 = setup.getInt64Ty();
    SCEVExpander expander(scev_, layout_, "twine");
    Value* count = expander.expandCodeFor(backedges_, backedges_->getType(), preheader->getTerminator());
    // The last value of the new counter: (backedges + 1) * lanes - 1.
    Value* last = setup.CreateAdd(setup.CreateMul(setup.CreateZExtOrTrunc(count, i64), setup.getInt64(lanes_),
                                                  "", /*HasNUW=*/true, /*HasNSW=*/true),
                                  setup.getInt64(lanes_ - 1), "last", /*HasNUW=*/true, /*HasNSW=*/true);

    SmallVector<WeakTrackingVH, 32> perhaps_dead;
    // Pointers first: their starts are expanded from a loop that is still whole.
    SmallVector<std::pair<Instruction*, Value*>, 16> starts;
    for (Instruction* access : accesses_) {
      if (lane_of_[access] != 0) continue;
      const SCEV* address = scev_.getSCEV(getLoadStorePointerOperand(access));
      const auto* recurrence = dyn_cast<SCEVAddRecExpr>(address);
      const bool moves = recurrence != nullptr && recurrence->getLoop() == &loop_;
      Value* start = expander.expandCodeFor(moves ? recurrence->getStart() : address, setup.getPtrTy(),
                                            preheader->getTerminator());
      starts.push_back({access, start});
    }
    PHINode* counter = PHINode::Create(i64, 2, "lane", block_.begin());
    IRBuilder<> at_end(branch_);
    counter->addIncoming(setup.getInt64(0), preheader);
    counter->addIncoming(
        at_end.CreateAdd(counter, setup.getInt64(1), "lane.next", /*HasNUW=*/true, /*HasNSW=*/true), &block_);
    IRBuilder<> at_start(&*block_.getFirstInsertionPt());
    for (const auto& [access, start] : starts) {
      Value* old = getLoadStorePointerOperand(access);
      const int64_t step = step_of(scev_.getSCEV(old)) / static_cast<int64_t>(lanes_);
      Value* pointer = start;
      if (step != 0) {
        Value* offset = at_start.CreateMul(counter, at_start.getInt64(static_cast<uint64_t>(step)), "offset",
                                           /*HasNUW=*/false,
                                           /*HasNSW=*/true);
        pointer = at_start.CreateInBoundsGEP(at_start.getInt8Ty(), start, offset);
      }
      perhaps_dead.push_back(old);
      access->setOperand(
          isa<LoadInst>(access) ? LoadInst::getPointerOperandIndex() : StoreInst::getPointerOperandIndex(),
          pointer);
    }

    scev_.forgetLoop(&loop_);
    const bool exits_when_true = !loop_.contains(branch_->getSuccessor(0));
    perhaps_dead.push_back(branch_->getCondition());
    branch_->setCondition(exits_when_true ? at_end.CreateICmpEQ(counter, last)
                                          : at_end.CreateICmpNE(counter, last));
    for (Instruction& instruction : block_) {
      const auto lane = lane_of_.find(&instruction);
      if (lane == lane_of_.end() || lane->second != lanes_ - 1) continue;
      if (Instruction* first = in_first_lane(instruction))
        instruction.replaceUsesOutsideBlock(first, &block_);
    }
    for (const Reduction& reduction : reductions_) {
      reduction.phi->setIncomingValueForBlock(&block_, reduction.after_lane(0, lanes_));
    }
    for (PHINode* phi : delays_) phi->setIncomingValueForBlock(&block_, carried_[1].lookup(phi));
    erase_later_lanes(perhaps_dead);
    for (WeakTrackingVH& value : perhaps_dead) {
      if (value) RecursivelyDeleteTriviallyDeadInstructions(value);
    }
    for (PHINode* phi : inductions_) advance_by_a_lane(*phi);
  }

  void erase_later_lanes(SmallVectorImpl<WeakTrackingVH>& perhaps_dead) {
    SmallVector<Instruction*, 64> later;
    for (Instruction& instruction : block_) {
      const auto lane = lane_of_.find(&instruction);
      if (lane != lane_of_.end() && lane->second != 0) later.push_back(&instruction);
    }
    for (Instruction* instruction : later) {
      if (Value* pointer = getLoadStorePointerOperand(instruction)) perhaps_dead.push_back(pointer);
      instruction->dropAllReferences();
    }
    for (Instruction* instruction : later) {
      instruction->replaceAllUsesWith(PoisonValue::get(instruction->getType()));
      instruction->eraseFromParent();
    }
  }

  void advance_by_a_lane(PHINode& phi) {
    auto* next = cast<Instruction>(phi.getIncomingValueForBlock(&block_));
    if (RecursivelyDeleteDeadPHINode(&phi)) return;
    const auto* step = cast<ConstantInt>(next->getOperand(1));
    next->setOperand(
        1, ConstantInt::getSigned(step->getType(), step->getSExtValue() / static_cast<int64_t>(lanes_)));
  }

  Loop& loop_;
  ScalarEvolution& scev_;
  BasicBlock& block_;
  const DataLayout& layout_;
  BranchInst* branch_ = nullptr;
  const SCEV* backedges_ = nullptr;
  SmallVector<Instruction*, 32> accesses_;  // in program order
  SmallVector<Instruction*, 16> stores_;
  SmallVector<PHINode*, 4> inductions_;
  SmallVector<Reduction, 2> reductions_;
  SmallVector<PHINode*, 4> delays_;  // phis that carry a value unchanged to the next iteration
  unsigned lanes_ = 0;
  // Of the attempt with lanes_ lanes, by lane: lane 0's instruction -> this lane's; lane 0's phi -> what this lane has in its place.
  SmallVector<DenseMap<Instruction*, Instruction*>, kMostLanes> image_;
  SmallVector<DenseMap<PHINode*, Instruction*>, kMostLanes> carried_;
  DenseMap<Instruction*, unsigned> lane_of_;
  SmallVector<Learnt, 64> learnt_;
  unsigned steps_ = 0;
};

}  // namespace

PreservedAnalyses LoopRerollingPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<LoopAnalysis>(function);
  if (loops.empty()) return PreservedAnalyses::all();
  auto& scev = analyses.getResult<ScalarEvolutionAnalysis>(function);
  bool changed = false;
  for (Loop* loop : loops.getLoopsInPreorder()) {
    if (loop->isInnermost()) changed |= Reroller(*loop, scev).run();
  }
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}

}  // namespace twine::codegen

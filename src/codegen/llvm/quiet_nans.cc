#include "codegen/llvm/quiet_nans.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/PatternMatch.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "codegen/llvm/linear_address.h"

namespace twine::codegen {
namespace {

using namespace llvm;
using Seen = SmallPtrSet<const Value*, 16>;

// Constants that leave the other operand of an operation as it is, or negate it.
enum class Identity { minus_zero, plus_zero, any_zero, any_one };

bool is_number(const APFloat& number, Identity identity) {
  switch (identity) {
    case Identity::minus_zero:
      return number.isNegZero();
    case Identity::plus_zero:
      return number.isPosZero();
    case Identity::any_zero:
      return number.isZero();
    case Identity::any_one:
      return abs(number).isExactlyValue(1.0);
  }
  return false;
}

// In any lane; of vectors of integers, which is what v128 is, as lanes of either width.
bool holds(const Constant& constant, Identity identity) {
  if (const auto* number = dyn_cast<ConstantFP>(&constant)) return is_number(number->getValueAPF(), identity);
  if (const auto* number = dyn_cast<ConstantInt>(&constant)) {
    const APInt& bits = number->getValue();
    return (bits.getBitWidth() == 32 && is_number(APFloat(APFloat::IEEEsingle(), bits), identity)) ||
           (bits.getBitWidth() == 64 && is_number(APFloat(APFloat::IEEEdouble(), bits), identity));
  }
  const auto* type = dyn_cast<FixedVectorType>(constant.getType());
  if (type == nullptr) return false;
  if (type->getScalarSizeInBits() < 32) return true;  // bytes: whatever they spell
  for (unsigned lane = 0; lane < type->getNumElements(); ++lane) {
    const Constant* element = constant.getAggregateElement(lane);
    if (element != nullptr && holds(*element, identity)) return true;
  }
  return false;
}

bool is_choice(const Value& value) {
  return isa<PHINode, SelectInst, FreezeInst, ExtractElementInst, InsertElementInst, ShuffleVectorInst>(
      value);
}

// The values that a choice is one of, or, of vectors, has lanes of.
SmallVector<const Value*, 4> choices(const Instruction& choice) {
  if (const auto* select = dyn_cast<SelectInst>(&choice))
    return {select->getTrueValue(), select->getFalseValue()};
  SmallVector<const Value*, 4> values;
  for (const Use& use : choice.operands()) {
    // Not the index of a lane.
    const bool is_index = isa<ExtractElementInst, InsertElementInst>(choice) && &use == choice.op_end() - 1;
    if (!is_index) values.push_back(use.get());
  }
  return values;
}

// Negates or strips a sign, without looking at what is negated.
bool changes_sign_only(const Value& value) {
  const auto* call = dyn_cast<IntrinsicInst>(&value);
  return value.getType()->isFPOrFPVectorTy() &&
         (isa<UnaryOperator>(value) || (call != nullptr && (call->getIntrinsicID() == Intrinsic::fabs ||
                                                            call->getIntrinsicID() == Intrinsic::copysign)));
}

class Findings {
 public:
  Findings(const Function& function, const LoopInfo& loops)
      : loops_(loops), linear_tag_(linear_tag(function.getContext())) {
    for (const Instruction& instruction : instructions(function)) {
      const auto* store = dyn_cast<StoreInst>(&instruction);
      if (store != nullptr && isa<Constant>(store->getValueOperand())) constant_stores_.push_back(store);
    }
  }

  // Whether LLVM may come to know that the value is a number of this kind.
  bool may_be(const Value& value, Identity identity, Seen& seen) const {
    if (!seen.insert(&value).second) return false;
    if (const auto* constant = dyn_cast<Constant>(&value)) return holds(*constant, identity);
    if (is_compared_with(value, identity, seen)) return true;
    const auto* instruction = dyn_cast<Instruction>(&value);
    if (instruction == nullptr) return false;
    if (const auto* load = dyn_cast<LoadInst>(instruction)) return may_be_loaded(*load, identity);
    if (is_choice(value)) {
      return any_of(choices(*instruction),
                    [&](const Value* choice) { return may_be(*choice, identity, seen); });
    }
    if (isa<BitCastInst>(value)) return may_be(*instruction->getOperand(0), identity, seen);
    if (changes_sign_only(value)) {
      const Identity unsigned_identity = identity == Identity::any_one ? identity : Identity::any_zero;
      return may_be(*instruction->getOperand(0), unsigned_identity, seen);
    }
    Known known;
    return may_be_constant(value, known);
  }

  // Whether the value may be a signalling NaN, or become one when LLVM folds what it can.
  bool may_signal(const Value& value, Seen& seen) const {
    if (!seen.insert(&value).second) return false;
    if (const auto* constant = dyn_cast<ConstantFP>(&value)) return constant->getValueAPF().isSignaling();
    if (isa<Constant>(value)) return !isa<ConstantAggregateZero>(value);
    const auto* instruction = dyn_cast<Instruction>(&value);
    if (instruction == nullptr) return true;
    if (is_quiet_form(*instruction)) return false;
    if (is_choice(value)) {
      return any_of(choices(*instruction), [&](const Value* choice) { return may_signal(*choice, seen); });
    }
    // A promotion makes NaNs quiet, but disappears with the demotion that may follow.
    if (isa<BitCastInst, FPExtInst>(value) || changes_sign_only(value))
      return may_signal(*instruction->getOperand(0), seen);
    if (isa<LoadInst>(value)) return true;
    if (const auto* call = dyn_cast<CallBase>(&value)) return !isa<IntrinsicInst>(call);
    return !value.getType()->isFPOrFPVectorTy();
  }

 private:
  // What make_quiet() makes.
  static bool is_quiet_form(const Instruction& instruction) {
    using namespace PatternMatch;
    const auto* select = dyn_cast<SelectInst>(&instruction);
    if (select == nullptr) return false;
    const Value* plain = select->getFalseValue();
    const auto* compare = dyn_cast<FCmpInst>(select->getCondition());
    return compare != nullptr && compare->getPredicate() == CmpInst::FCMP_UNO &&
           compare->getOperand(0) == plain && compare->getOperand(1) == plain &&
           match(select->getTrueValue(), m_FAdd(m_Specific(plain), m_Specific(plain)));
  }

  // Behind `value == 1.0` LLVM puts the constant in the value's place.
  bool is_compared_with(const Value& value, Identity identity, Seen& seen) const {
    return any_of(value.users(), [&](const User* user) {
      const auto* compare = dyn_cast<FCmpInst>(user);
      if (compare == nullptr || !compare->isEquality()) return false;
      return may_be(*compare->getOperand(compare->getOperand(0) == &value ? 1 : 0), identity, seen);
    });
  }

  // A constant that was stored may take the place of what is loaded.
  bool may_be_loaded(const LoadInst& load, Identity identity) const {
    return any_stored(load, [&](const Constant& stored) { return holds(stored, identity); });
  }

  // In linear memory, only where load and store can come to stand in the same loop, for what either address has in the loops around
  // it differs from round to round otherwise.
  template <typename Predicate>
  bool any_stored(const LoadInst& load, Predicate predicate) const {
    if (load.hasMetadata(LLVMContext::MD_invariant_load)) return false;
    if (!is_linear(load)) return true;
    return any_of(constant_stores_, [&](const StoreInst* store) {
      if (!predicate(*cast<Constant>(store->getValueOperand()))) return false;
      if (!may_meet(load.getPointerOperand(), store->getPointerOperand())) return false;
      const Loop* common = loops_.getLoopFor(load.getParent());
      while (common != nullptr && !common->contains(store)) common = common->getParentLoop();
      return can_leave_loops(load, *load.getPointerOperand(), common) &&
             can_leave_loops(*store, *store->getPointerOperand(), common);
    });
  }

  // False only for addresses that are constants or count from the same index, and lie apart.
  static bool may_meet(const Value* left, const Value* right) {
    constexpr int64_t kWidest = 16;
    const auto one = linear_address(const_cast<Value*>(left));
    const auto other = linear_address(const_cast<Value*>(right));
    if (!one || !other || one->index != other->index) return true;
    return std::abs(one->displacement - other->displacement) < kWidest;
  }

  // Whether an access of this address is the same in every round of the loops around it, up to `outer`.
  bool can_leave_loops(const Instruction& access, const Value& address, const Loop* outer) const {
    const Loop* loop = loops_.getLoopFor(access.getParent());
    if (loop == outer) return true;
    while (loop->getParentLoop() != outer) loop = loop->getParentLoop();
    return is_invariant(address, *loop);
  }

  // Generous beyond the depth of any address that a compiler makes.
  static bool is_invariant(const Value& value, const Loop& loop, unsigned depth = 0) {
    constexpr unsigned kDeepest = 8;
    if (depth == kDeepest) return true;
    const auto* instruction = dyn_cast<Instruction>(&value);
    if (instruction == nullptr || !loop.contains(instruction)) return true;
    return isa<BinaryOperator, CastInst, GetElementPtrInst>(value) &&
           all_of(instruction->operand_values(),
                  [&](const Value* operand) { return is_invariant(*operand, loop, depth + 1); });
  }

  bool is_linear(const LoadInst& load) const { return load.getMetadata(LLVMContext::MD_tbaa) == linear_tag_; }

  // `known`: what was found of others; of those that are being looked at, that they may.
  using Known = SmallDenseMap<const Value*, bool, 16>;
  bool may_be_constant(const Value& value, Known& known) const {
    if (isa<Constant>(value)) return true;
    const auto* instruction = dyn_cast<Instruction>(&value);
    if (instruction == nullptr) return false;
    const auto [place, is_new] = known.try_emplace(&value, true);
    if (!is_new) return place->second;
    const bool found = may_become_constant(*instruction, known);
    known[&value] = found;
    return found;
  }

  bool may_become_constant(const Instruction& instruction, Known& known) const {
    const auto is_constant = [&](const Value* operand) { return may_be_constant(*operand, known); };
    if (const auto* load = dyn_cast<LoadInst>(&instruction))
      return any_stored(*load, [](const Constant&) { return true; });
    if (is_choice(instruction)) return any_of(choices(instruction), is_constant);
    if (const auto* call = dyn_cast<CallBase>(&instruction))
      return isa<IntrinsicInst>(call) && all_of(call->args(), is_constant);
    return isa<BinaryOperator, UnaryOperator, CastInst, CmpInst>(instruction) &&
           all_of(instruction.operand_values(), is_constant);
  }

  const LoopInfo& loops_;
  const MDNode* linear_tag_;
  std::vector<const StoreInst*> constant_stores_;
};

// Which number operand `index` of the operation must be to leave the other operand.
std::optional<Identity> identity_of(const BinaryOperator& operation, unsigned index) {
  switch (operation.getOpcode()) {
    case Instruction::FAdd:
      return Identity::minus_zero;
    case Instruction::FSub:
      return index == 1 ? Identity::plus_zero : Identity::minus_zero;
    case Instruction::FMul:
      return Identity::any_one;
    case Instruction::FDiv:
      if (index == 1) return Identity::any_one;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// The promotions whose result the value may be.
void find_promotions(Value& value, Seen& seen, SmallVectorImpl<FPExtInst*>& found) {
  if (!seen.insert(&value).second) return;
  if (auto* promotion = dyn_cast<FPExtInst>(&value)) return found.push_back(promotion);
  auto* instruction = dyn_cast<Instruction>(&value);
  const bool passes_on =
      instruction != nullptr && (is_choice(value) || changes_sign_only(value) || isa<BitCastInst>(value));
  if (!passes_on) return;
  for (Value* operand : instruction->operand_values()) find_promotions(*operand, seen, found);
}

}  // namespace

Value* make_quiet(IRBuilderBase& builder, Value* value) {
  return builder.CreateSelect(builder.CreateFCmpUNO(value, value), builder.CreateFAdd(value, value), value);
}

PreservedAnalyses QuietNansPass::run(Function& function, FunctionAnalysisManager& analyses) {
  const Findings findings(function, analyses.getResult<LoopAnalysis>(function));
  SmallVector<Use*, 8> noisy;
  const auto add_if_noisy = [&](Use& use) {
    Seen seen;
    if (findings.may_signal(*use.get(), seen)) noisy.push_back(&use);
  };
  for (Instruction& instruction : instructions(function)) {
    if (auto* operation = dyn_cast<BinaryOperator>(&instruction)) {
      for (unsigned index = 0; index < 2; ++index) {
        const auto identity = identity_of(*operation, index);
        Seen seen;
        if (identity && findings.may_be(*operation->getOperand(index), *identity, seen))
          add_if_noisy(operation->getOperandUse(1 - index));
      }
    } else if (isa<FPTruncInst>(instruction)) {
      Seen seen;
      SmallVector<FPExtInst*, 4> promotions;
      find_promotions(*instruction.getOperand(0), seen, promotions);
      for (FPExtInst* promotion : promotions) add_if_noisy(promotion->getOperandUse(0));
    }
  }
  for (Use* use : noisy) {
    IRBuilder<> builder(cast<Instruction>(use->getUser()));
    use->set(make_quiet(builder, use->get()));
  }
  return noisy.empty() ? PreservedAnalyses::all() : PreservedAnalyses::none();
}

}  // namespace twine::codegen

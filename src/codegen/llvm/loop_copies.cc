#include "codegen/llvm/loop_copies.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

#include <cstddef>

#include "codegen/llvm/linear_address.h"
#include "common/abi.h"

namespace twine::codegen {

using namespace llvm;

namespace {

// The constant part of a sum, or of the start of an outer loop's recurrence; null when there is none.
const SCEVConstant* constant_part(const SCEV* expression) {
  if (const auto* recurrence = dyn_cast<SCEVAddRecExpr>(expression)) {
    expression = recurrence->getStart();
    if (isa<SCEVAddRecExpr>(expression)) return constant_part(expression);
  }
  if (const auto* sum = dyn_cast<SCEVAddExpr>(expression)) {
    // Scalar evolution has folded the constants of a sum into one place: the first operand, or a recurrence.
    if (const auto* first = dyn_cast<SCEVConstant>(sum->getOperand(0))) return first;
    for (const SCEV* operand : sum->operands()) {
      if (const auto* recurrence = dyn_cast<SCEVAddRecExpr>(operand)) return constant_part(recurrence);
    }
    return nullptr;
  }
  return dyn_cast<SCEVConstant>(expression);
}

}  // namespace

const SCEV* without_constant(const SCEV* expression, int64_t& constant, ScalarEvolution& scev) {
  const SCEVConstant* part = constant_part(expression);
  constant = part == nullptr ? 0 : part->getAPInt().getSExtValue();
  return part == nullptr ? expression : scev.getMinusSCEV(expression, part);
}

Value* emit_memory_size(IRBuilder<>& builder) {
  // Every guest function has the context for an argument.
  Argument* context = find_if(builder.GetInsertBlock()->getParent()->args(),
                              [](const Argument& argument) { return argument.hasSwiftSelfAttr(); });
  Type* pointer = builder.getPtrTy();
  auto* descriptor =
      builder.CreateLoad(pointer, builder.CreateConstInBoundsGEP1_64(
                                      builder.getInt8Ty(), context, offsetof(abi::InstanceContext, memory0)));
  descriptor->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(builder.getContext(), {}));
  return builder.CreateLoad(builder.getInt64Ty(),
                            builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), descriptor,
                                                               offsetof(abi::MemoryDescriptor, size_bytes)));
}

void make_plain(Instruction& access) {
  access.setMetadata(LLVMContext::MD_tbaa, checked_tag(access.getContext()));
  if (auto* load = dyn_cast<LoadInst>(&access)) {
    load->setVolatile(false);
  } else {
    cast<StoreInst>(access).setVolatile(false);
  }
}

LoopCopies::LoopCopies(Loop& loop, LoopInfo& loops, DominatorTree& dominators)
    : loop_(loop),
      loops_(loops),
      dominators_(dominators),
      check_(loop.getLoopPreheader()),
      slow_preheader_(SplitBlock(check_, check_->getTerminator(), &dominators, &loops, nullptr, "slow.ph")) {}

void LoopCopies::branch_on(Value* passes) {
  SmallVector<BasicBlock*, 8> exits;
  loop_.getUniqueExitBlocks(exits);
  SmallVector<BasicBlock*, 16> blocks;
  fast_ = cloneLoopWithPreheader(slow_preheader_, check_, &loop_, clones_, ".fast", &loops_, &dominators_,
                                 blocks);
  remapInstructionsInBlocks(blocks, clones_);

  Instruction* old_terminator = check_->getTerminator();
  IRBuilder<> builder(old_terminator);
  auto* branch = builder.CreateCondBr(passes, fast_->getLoopPreheader(), slow_preheader_);
  branch->setMetadata(LLVMContext::MD_prof, MDBuilder(builder.getContext()).createBranchWeights(2000, 1));
  old_terminator->eraseFromParent();

  // Closed SSA: every value that leaves the loop does so through a phi of an exit block, which gets the clone's value too.
  for (BasicBlock* exit : exits) {
    for (PHINode& phi : exit->phis()) {
      for (unsigned index = 0, count = phi.getNumIncomingValues(); index < count; ++index) {
        BasicBlock* from = phi.getIncomingBlock(index);
        if (!loop_.contains(from)) continue;
        Value* value = phi.getIncomingValue(index);
        const auto clone = clones_.find(value);
        phi.addIncoming(clone == clones_.end() ? value : static_cast<Value*>(clone->second), clone_of(from));
      }
    }
  }
  dominators_.recalculate(*check_->getParent());
  // Exit blocks are now shared by both copies; each loop needs exits of its own again.
  formDedicatedExitBlocks(&loop_, &dominators_, &loops_, nullptr, true);
  formDedicatedExitBlocks(fast_, &dominators_, &loops_, nullptr, true);
  loop_.setLoopAlreadyUnrolled();  // the slow copy is for correctness; let it stay small
}

void LoopCopies::check_only_if(Instruction& condition) {
  BasicBlock* rest = SplitBlock(check_, std::next(condition.getIterator()), &dominators_, &loops_);
  Instruction* old_terminator = check_->getTerminator();
  IRBuilder<> builder(old_terminator);
  auto* branch = builder.CreateCondBr(&condition, rest, slow_preheader_);
  branch->setMetadata(LLVMContext::MD_prof, MDBuilder(builder.getContext()).createBranchWeights(20, 1));
  old_terminator->eraseFromParent();
  dominators_.insertEdge(check_, slow_preheader_);
}

void fence(Loop& loop) {
  const auto emit = [](Instruction* at) {
    IRBuilder<>(at).CreateFence(AtomicOrdering::SequentiallyConsistent, SyncScope::SingleThread);
  };
  emit(loop.getLoopPreheader()->getTerminator());
  SmallVector<BasicBlock*, 8> exits;
  loop.getUniqueExitBlocks(exits);
  for (BasicBlock* exit : exits) emit(&*exit->getFirstInsertionPt());
}

}  // namespace twine::codegen

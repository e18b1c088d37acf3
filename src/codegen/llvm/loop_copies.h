// What the passes that version loops share: constants split off addresses, the size of memory, a second copy of a loop and the fences
// that keep its plain accesses exact.
#pragma once

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/ValueMapper.h>

#include <cstdint>

namespace twine::codegen {

// A loop larger than this is left alone: two copies of it would cost more instruction cache than its accesses do.
inline constexpr unsigned kMaxLoopInstructions = 1500;
// More checks than this in a preheader are dearer than what a short loop can win back.
inline constexpr unsigned kMaxChecks = 24;

// Splits the constant off a sum, or off the start of an outer loop's recurrence, so that accesses which differ by it alone share a check.
const llvm::SCEV* without_constant(const llvm::SCEV* expression, int64_t& constant,
                                   llvm::ScalarEvolution& scev);

// Loads MemoryDescriptor::size_bytes of memory 0. The function has the instance context as its swiftself argument.
llvm::Value* emit_memory_size(llvm::IRBuilder<>& builder);

// For an access that has been proven to be in bounds: it may move within the fences.
void make_plain(llvm::Instruction& access);

// Two copies of a loop. Construction splits the preheader in two, so that the check can be expanded at the end of the first block;
// branch_on() makes the fast copy.
class LoopCopies {
 public:
  LoopCopies(llvm::Loop& loop, llvm::LoopInfo& loops, llvm::DominatorTree& dominators);

  [[nodiscard]] llvm::Instruction* check() const { return check_->getTerminator(); }
  // Makes the copy, which runs when `passes` is true.
  void branch_on(llvm::Value* passes);
  // After branch_on: what the check computes after `condition`, an instruction of check()'s block, is skipped when that is false, and
  // the loop as it was runs.
  void check_only_if(llvm::Instruction& condition);
  [[nodiscard]] llvm::Loop& fast() const { return *fast_; }
  // What a value or block of the loop is in the fast copy.
  template <typename T>
  T* clone_of(T* original) {
    return llvm::cast<T>(clones_[original]);
  }

 private:
  llvm::Loop& loop_;
  llvm::LoopInfo& loops_;
  llvm::DominatorTree& dominators_;
  llvm::BasicBlock* check_;
  llvm::BasicBlock* slow_preheader_;
  llvm::Loop* fast_ = nullptr;
  llvm::ValueToValueMapTy clones_;
};

// Keeps a loop's plain accesses away from what may trap before and after it. The loop has exits of its own.
void fence(llvm::Loop& loop);

}  // namespace twine::codegen

#include "codegen/llvm/reversed_indices.h"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/DemandedBits.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/KnownBits.h>

#include <optional>

namespace twine::codegen {

using namespace llvm;

namespace {

struct Subtraction {
  Instruction* exclusive_or;
  ConstantInt* minuend;
};

// What `x ^ constant` of a recurrence x can be, seen by those who use it.
std::optional<Subtraction> as_subtraction(Instruction& instruction, DemandedBits& demanded,
                                          ScalarEvolution& scev) {
  if (instruction.getOpcode() != Instruction::Xor || !instruction.getType()->isIntegerTy())
    return std::nullopt;
  const auto* constant = dyn_cast<ConstantInt>(instruction.getOperand(1));
  if (constant == nullptr || !isa<SCEVAddRecExpr>(scev.getSCEV(instruction.getOperand(0))))
    return std::nullopt;
  const APInt minuend = constant->getValue() | ~demanded.getDemandedBits(&instruction);
  const KnownBits known =
      computeKnownBits(instruction.getOperand(0), instruction.getModule()->getDataLayout());
  if (!(~minuend).isSubsetOf(known.Zero)) return std::nullopt;
  return Subtraction{.exclusive_or = &instruction,
                     .minuend = ConstantInt::get(instruction.getContext(), minuend)};
}

// Bits that nobody demands are about to change: where they reach, no promise about overflow may stay.
void drop_promises_of_users(Instruction& changed, DemandedBits& demanded) {
  SmallVector<Instruction*, 8> reached = {&changed};
  SmallPtrSet<Instruction*, 8> seen;
  while (!reached.empty()) {
    Instruction* const instruction = reached.pop_back_val();
    if (demanded.getDemandedBits(instruction).isAllOnes()) continue;
    for (User* const user : instruction->users()) {
      auto* const next = cast<Instruction>(user);
      if (!next->getType()->isIntOrIntVectorTy() || !seen.insert(next).second) continue;
      next->dropPoisonGeneratingAnnotations();
      reached.push_back(next);
    }
  }
}

}  // namespace

PreservedAnalyses ReversedIndicesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& demanded = analyses.getResult<DemandedBitsAnalysis>(function);
  auto& scev = analyses.getResult<ScalarEvolutionAnalysis>(function);
  SmallVector<Subtraction, 8> found;
  for (Instruction& instruction : instructions(function)) {
    if (const auto subtraction = as_subtraction(instruction, demanded, scev)) found.push_back(*subtraction);
  }
  for (const Subtraction& subtraction : found) {
    Instruction& instruction = *subtraction.exclusive_or;
    drop_promises_of_users(instruction, demanded);
    IRBuilder<> builder(&instruction);
    Value* const difference = builder.CreateSub(subtraction.minuend, instruction.getOperand(0));
    difference->takeName(&instruction);
    instruction.replaceAllUsesWith(difference);
    instruction.eraseFromParent();
  }
  return found.empty() ? PreservedAnalyses::all() : PreservedAnalyses::none();
}

}  // namespace twine::codegen

#include "codegen/llvm/proven_accesses.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "codegen/llvm/linear_address.h"

namespace twine::codegen {

using namespace llvm;

PreservedAnalyses ProvenAccessesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  const DataLayout& layout = function.getDataLayout();
  using Key = std::pair<Value*, Value*>;  // base, index
  // Displacements known to be valid on the path from the entry: [low, high), empty when nothing was accessed.
  // What lies between two valid addresses is valid, because the valid part of a memory is one interval.
  struct Interval {
    int64_t low = 0;
    int64_t high = 0;
  };
  DenseMap<Key, Interval> valid;
  bool changed = false;

  struct Frame {
    DomTreeNode* node;
    DomTreeNode::const_iterator next_child;
    SmallVector<std::pair<Key, Interval>, 8> undo;  // what `valid` held before this block
  };
  const auto is_below_minimum = [&](const LinearAddress& address, int64_t end) {
    const auto* index = dyn_cast<ConstantInt>(address.index);
    return index != nullptr && index->getType()->isIntegerTy(32) &&
           index->getZExtValue() + static_cast<uint64_t>(end) <= minimum_size_;
  };
  const auto enter = [&](DomTreeNode* node) {
    Frame frame{node, node->begin(), {}};
    for (Instruction& instruction : *node->getBlock()) {
      if (!is_volatile_access(instruction)) continue;
      const auto address = linear_address(getLoadStorePointerOperand(&instruction));
      if (!address || (address->index_is_unsigned() && address->displacement < 0)) continue;
      const int64_t low = address->displacement;
      const int64_t high =
          low + static_cast<int64_t>(layout.getTypeStoreSize(getLoadStoreType(&instruction)).getFixedValue());
      if (is_below_minimum(*address, high)) {
        if (auto* load = dyn_cast<LoadInst>(&instruction)) {
          load->setVolatile(false);
          load->setMetadata(LLVMContext::MD_tbaa, checked_tag(load->getContext()));
          changed = true;
        }
        continue;
      }
      const Key key{address->base, address->index};
      Interval& interval = valid[key];
      if (interval.low <= low && high <= interval.high) {
        if (auto* load = dyn_cast<LoadInst>(&instruction)) {
          load->setVolatile(false);
          changed = true;
        }
        continue;
      }
      frame.undo.push_back({key, interval});
      const int64_t start = address->index_is_unsigned() ? 0 : low;
      const bool empty = interval.low == interval.high;
      interval = empty ? Interval{start, high}
                       : Interval{std::min(interval.low, start), std::max(interval.high, high)};
    }
    return frame;
  };

  SmallVector<Frame, 32> stack;
  stack.push_back(enter(dominators.getRootNode()));
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next_child != top.node->end()) {
      DomTreeNode* child = *top.next_child++;
      stack.push_back(enter(child));
      continue;
    }
    for (auto entry = top.undo.rbegin(); entry != top.undo.rend(); ++entry)
      valid[entry->first] = entry->second;
    stack.pop_back();
  }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses preserved;
  preserved.preserveSet<CFGAnalyses>();
  return preserved;
}

PreservedAnalyses PinAccessesPass::run(Function& function, FunctionAnalysisManager& /*analyses*/) {
  const MDNode* linear = linear_tag(function.getContext());
  bool changed = false;
  for (BasicBlock& block : function) {
    for (Instruction& instruction : block) {
      auto* load = dyn_cast<LoadInst>(&instruction);
      if (load == nullptr || load->isVolatile()) continue;
      // A load without a tag may be one that LLVM made of several.
      const MDNode* tag = load->getMetadata(LLVMContext::MD_tbaa);
      const bool is_known_not_to_trap = load->hasMetadata(LLVMContext::MD_invariant_load) ||
                                        isa<AllocaInst>(load->getPointerOperand()->stripInBoundsOffsets());
      if (tag != linear && (tag != nullptr || is_known_not_to_trap)) continue;
      load->setVolatile(true);
      changed = true;
    }
  }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses preserved;
  preserved.preserveSet<CFGAnalyses>();
  return preserved;
}

}  // namespace twine::codegen

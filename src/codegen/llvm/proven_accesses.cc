#include "codegen/llvm/proven_accesses.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <utility>

#include "codegen/llvm/linear_address.h"

namespace twine::codegen {

using namespace llvm;

PreservedAnalyses ProvenAccessesPass::run(Function& function, FunctionAnalysisManager& analyses) {
  auto& dominators = analyses.getResult<DominatorTreeAnalysis>(function);
  const DataLayout& layout = function.getDataLayout();
  using Key = std::pair<Value*, Value*>;  // base, index
  DenseMap<Key, uint64_t> reached;        // furthest end accessed on the path from the entry
  bool changed = false;

  struct Frame {
    DomTreeNode* node;
    DomTreeNode::const_iterator next_child;
    SmallVector<std::pair<Key, uint64_t>, 8> undo;  // what `reached` held before this block; 0: nothing
  };
  const auto enter = [&](DomTreeNode* node) {
    Frame frame{node, node->begin(), {}};
    for (Instruction& instruction : *node->getBlock()) {
      if (!is_volatile_access(instruction)) continue;
      const auto address = linear_address(getLoadStorePointerOperand(&instruction));
      if (!address) continue;
      const uint64_t end =
          address->displacement + layout.getTypeStoreSize(getLoadStoreType(&instruction)).getFixedValue();
      uint64_t& furthest = reached[{address->base, address->index}];
      if (end > furthest) {
        frame.undo.push_back({{address->base, address->index}, furthest});
        furthest = end;
      } else if (auto* load = dyn_cast<LoadInst>(&instruction)) {
        load->setVolatile(false);
        changed = true;
      }
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
      reached[entry->first] = entry->second;
    stack.pop_back();
  }
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses preserved;
  preserved.preserveSet<CFGAnalyses>();
  return preserved;
}

}  // namespace twine::codegen

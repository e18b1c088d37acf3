// Emitter: what the translation of every operator needs within one function: the IR builder, the operand
// stack, the instance context, traps and locations.
//
// The operator families (operators.h) are functions over it; control flow is FunctionTranslator's.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <cstdint>
#include <span>
#include <vector>

#include "codegen/llvm/unit.h"
#include "common/abi.h"
#include "wasm/types.h"

namespace twine::codegen {

class Emitter {
 public:
  // For a function whose first argument is a context. Starts a block `entry`.
  Emitter(Unit& unit, llvm::Function& function);

  Unit& unit() { return unit_; }
  llvm::Function& function() { return function_; }
  llvm::IRBuilder<>& builder() { return builder_; }
  llvm::Value* context() { return context_; }

  // --- Operand stack: one value an operand, types as Unit::type() gives them.
  void push(llvm::Value* value) { operands_.push_back(value); }
  llvm::Value* pop();
  // Deepest first.
  std::vector<llvm::Value*> pop(size_t count);
  [[nodiscard]] std::span<llvm::Value* const> top(size_t count) const;
  [[nodiscard]] size_t height() const { return operands_.size(); }
  void cut(size_t height) { operands_.resize(height); }

  // --- Locations. What is emitted from here on comes from this byte of the Wasm file. Only needed before
  // operators that may trap or call.
  void locate(uint32_t wasm_offset);
  void begin_locations(llvm::DISubprogram* subprogram) { subprogram_ = subprogram; }

  // --- Traps (docs/abi.md). Both leave the builder in a block where the operation goes on.
  void trap_if(llvm::Value* condition, abi::TrapKind kind);
  // Traps with `first` when `which` holds, with `second` otherwise.
  void trap_if(llvm::Value* condition, llvm::Value* which, abi::TrapKind first, abi::TrapKind second);
  // Ends the block.
  void trap(abi::TrapKind kind);

  llvm::BasicBlock* new_block();

  // --- The context (common/abi.h). Loads of what never changes are marked so.
  llvm::Value* memory_base() { return memory_base_; }
  llvm::Value* memory_size_bytes();
  llvm::Value* null_function();
  llvm::Value* type_id(uint32_t type);
  llvm::Value* function_record(uint32_t function);
  llvm::Value* table(uint32_t table);  // TableDescriptor*
  // Address of a global's value, and of a result or argument slot of the thread.
  llvm::Value* global_address(uint32_t global);
  llvm::Value* value_slot(uint32_t index);
  llvm::Value* fuel_address();

  // `address` + constant.
  llvm::Value* field(llvm::Value* address, uint64_t offset);
  llvm::LoadInst* load_invariant(llvm::Type* type, llvm::Value* address);
  llvm::LoadInst* load(llvm::Type* type, llvm::Value* address, MemoryKind kind);
  llvm::StoreInst* store(llvm::Value* value, llvm::Value* address, MemoryKind kind);

  // --- Calls.
  // In the guest convention. `callee_context` goes into R13. Gives all results, taking those after the first
  // from the thread's slots.
  std::vector<llvm::Value*> call(llvm::FunctionCallee callee, llvm::Value* callee_context,
                                 std::span<llvm::Value* const> arguments, const wasm::FunctionType& type);
  // The same, but for the results after the first.
  llvm::CallInst* call_only(llvm::FunctionCallee callee, llvm::Value* callee_context,
                            std::span<llvm::Value* const> arguments);
  // Ends the block: the function returns what `callee`, in the tail-calling convention, returns in its place.
  void tail_call(llvm::FunctionCallee callee, llvm::Value* callee_context,
                 std::span<llvm::Value* const> arguments);
  // To precede every change from guest code to the runtime's, whose SSE instructions would pay for what AVX has left in the upper halves of
  // the vector registers.
  void clear_upper_halves();
  // A runtime entry, with this function's context in R13.
  llvm::Value* call_runtime(abi::RuntimeEntry entry, llvm::Type* result,
                            std::span<llvm::Value* const> arguments);

  // --- Constants.
  llvm::ConstantInt* i32(uint32_t value) { return builder_.getInt32(value); }
  llvm::ConstantInt* i64(uint64_t value) { return builder_.getInt64(value); }
  // A Wasm boolean from an i1.
  void push_bool(llvm::Value* bit) { push(builder_.CreateZExt(bit, builder_.getInt32Ty())); }

 private:
  // The ThreadContext: the same for as long as the function runs.
  llvm::Value* thread();

  Unit& unit_;
  llvm::Function& function_;
  llvm::IRBuilder<> builder_;
  llvm::Value* context_;
  llvm::Value* memory_base_ = nullptr;
  llvm::DISubprogram* subprogram_ = nullptr;
  std::vector<llvm::Value*> operands_;
};

}  // namespace twine::codegen

// Unit: one LLVM module that is being filled with a group of the Wasm module's functions, and what its parts
// share: types, declarations, attributes, alias facts.
//
// Each unit has an LLVMContext of its own, so units are made, optimised and emitted in parallel.
#pragma once

#include <llvm/IR/CallingConv.h>
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/llvm/constant_tables.h"
#include "codegen/llvm/target.h"
#include "common/abi.h"
#include "common/twm.h"
#include "wasm/module.h"

namespace twine::codegen {

// The kinds of memory that guest code touches. Two accesses of different kinds never overlap; LLVM learns it
// as type-based alias metadata.
enum class MemoryKind : uint8_t {
  linear,      // a linear memory
  global,      // values of globals
  values,      // ThreadContext::values
  descriptor,  // MemoryDescriptor, TableDescriptor, FunctionRecord and the fixed part of contexts
  table,       // elements of tables
  fuel,        // ThreadContext::fuel
};
inline constexpr size_t kMemoryKinds = 6;

// The callee pops its arguments, and R13 is not preserved (docs/abi.md).
inline constexpr llvm::CallingConv::ID kTailConvention = llvm::CallingConv::SwiftTail;

// Symbol names in the objects that LLVM emits; the linker finds code by them.
std::string function_symbol(uint32_t function);
std::string tail_symbol(uint32_t function);  // of a function that makes tail calls, in their convention
std::string entry_thunk_symbol(uint32_t type);
std::string host_thunk_symbol(uint32_t type);

class Unit {
 public:
  // `tail_calling`: by function index, whether it makes tail calls.
  Unit(const wasm::Module& wasm, const std::vector<bool>& tail_calling, const ConstantTables& tables,
       const TargetCpu& cpu, const llvm::TargetMachine& machine, std::string_view name);

  [[nodiscard]] const wasm::Module& wasm() const { return wasm_; }
  [[nodiscard]] const abi::ContextLayout& layout() const { return layout_; }
  llvm::LLVMContext& context() { return *context_; }
  llvm::Module& module() { return *module_; }

  llvm::Type* type(wasm::ValueType type);
  // Guest convention (docs/abi.md): the context, then the parameters; the first result is returned.
  llvm::FunctionType* function_type(const wasm::FunctionType& type);

  [[nodiscard]] bool has_avx() const { return (cpu_.required_features & kCpuAvx) != 0; }
  [[nodiscard]] bool has_fused_multiply_add() const { return (cpu_.required_features & kCpuFma) != 0; }

  // The function of the Wasm module with this index, declared on first use. Not for imported ones.
  llvm::Function* function(uint32_t index);
  // Its entry in the tail-calling convention, where its body is; only for functions that make tail calls.
  [[nodiscard]] bool makes_tail_calls(uint32_t index) const { return tail_calling_[index]; }
  llvm::Function* tail_function(uint32_t index);
  // What is known of the elements of that type (an index) in a table that nobody writes; nothing for other tables.
  const std::optional<ConstantElements>& constant_elements(uint32_t table, uint32_t type);
  // A function of the unit's own making (thunks), not yet defined.
  llvm::Function* create_function(llvm::FunctionType* type, const std::string& symbol);

  // Gives a function its place in the line table, where a line is a byte offset in the Wasm file.
  llvm::DISubprogram* begin_locations(llvm::Function& function, uint32_t wasm_offset);
  // To be called when all functions are in.
  void finish();

  llvm::MDNode* alias_tag(MemoryKind kind) { return alias_tags_[static_cast<size_t>(kind)]; }

 private:
  void set_attributes(llvm::Function& function);

  const wasm::Module& wasm_;
  const std::vector<bool>& tail_calling_;
  const ConstantTables& tables_;
  std::map<std::pair<uint32_t, uint32_t>, std::optional<ConstantElements>> elements_;
  TargetCpu cpu_;
  abi::ContextLayout layout_;
  // Destroyed in reverse order: the module before its context.
  std::unique_ptr<llvm::LLVMContext> context_;
  std::unique_ptr<llvm::Module> module_;
  llvm::DIBuilder locations_;
  llvm::DICompileUnit* compile_unit_;
  std::array<llvm::MDNode*, kMemoryKinds> alias_tags_{};
};

}  // namespace twine::codegen

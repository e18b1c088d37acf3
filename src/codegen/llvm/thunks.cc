#include "codegen/llvm/thunks.h"

#include <map>
#include <utility>

#include "codegen/llvm/emitter.h"

namespace twine::codegen {
namespace {

// void(R13 = the callee's context, code): arguments from the slots, results into the slots. A function leaves
// its results after the first there already.
void emit_entry_thunk(Unit& unit, uint32_t index) {
  const wasm::FunctionType& type = unit.wasm().types[index];
  llvm::Type* pointer = llvm::PointerType::getUnqual(unit.context());
  auto* signature = llvm::FunctionType::get(llvm::Type::getVoidTy(unit.context()), {pointer, pointer}, false);
  llvm::Function* thunk = unit.create_function(signature, entry_thunk_symbol(index));
  Emitter emitter(unit, *thunk);
  std::vector<llvm::Value*> arguments;
  arguments.reserve(type.params.size());
  for (uint32_t param = 0; param < type.params.size(); ++param) {
    arguments.push_back(
        emitter.load(unit.type(type.params[param]), emitter.value_slot(param), MemoryKind::values));
  }
  const auto results =
      emitter.call({unit.function_type(type), thunk->getArg(1)}, emitter.context(), arguments, type);
  if (!results.empty()) emitter.store(results[0], emitter.value_slot(0), MemoryKind::values);
  emitter.clear_upper_halves();
  emitter.builder().CreateRetVoid();
}

// The guest convention; R13 = a HostFunctionContext, which begins as every context does.
void emit_host_thunk(Unit& unit, uint32_t index) {
  const wasm::FunctionType& type = unit.wasm().types[index];
  llvm::Function* thunk = unit.create_function(unit.function_type(type), host_thunk_symbol(index));
  Emitter emitter(unit, *thunk);
  for (uint32_t param = 0; param < type.params.size(); ++param) {
    emitter.store(thunk->getArg(param + 1), emitter.value_slot(param), MemoryKind::values);
  }
  emitter.call_runtime(abi::RuntimeEntry::host_call, emitter.builder().getVoidTy(), {});
  if (type.results.empty()) {
    emitter.builder().CreateRetVoid();
  } else {
    emitter.builder().CreateRet(
        emitter.load(unit.type(type.results[0]), emitter.value_slot(0), MemoryKind::values));
  }
}

}  // namespace

std::vector<uint32_t> plan_thunks(const wasm::Module& wasm) {
  std::vector<uint32_t> plan(wasm.types.size(), kNoThunk);
  using ParamsAndResults = std::pair<std::vector<wasm::ValueType>, std::vector<wasm::ValueType>>;
  std::map<ParamsAndResults, uint32_t> served;
  for (uint32_t index = 0; index < wasm.functions.size(); ++index) {
    const wasm::Function& function = wasm.functions[index];
    const bool crosses = wasm.is_imported_function(index) || function.is_referenced || wasm.start == index;
    if (!crosses || plan[function.type_index] != kNoThunk) continue;
    const wasm::FunctionType& type = wasm.types[function.type_index];
    plan[function.type_index] =
        served.try_emplace({type.params, type.results}, function.type_index).first->second;
  }
  return plan;
}

void emit_tail_thunk(Unit& unit, uint32_t function) {
  const wasm::FunctionType& type = unit.wasm().function_type(function);
  llvm::Function* thunk = unit.function(function);
  Emitter emitter(unit, *thunk);
  std::vector<llvm::Value*> arguments;
  arguments.reserve(type.params.size());
  for (uint32_t param = 0; param < type.params.size(); ++param) arguments.push_back(thunk->getArg(param + 1));
  llvm::CallInst* call = emitter.call_only(unit.tail_function(function), emitter.context(), arguments);
  if (type.results.empty()) {
    emitter.builder().CreateRetVoid();
  } else {
    emitter.builder().CreateRet(call);  // the other results are in their slots already
  }
}

void emit_thunks(Unit& unit, uint32_t type) {
  emit_entry_thunk(unit, type);
  emit_host_thunk(unit, type);
}

}  // namespace twine::codegen

#include "codegen/llvm/emitter.h"

#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/MDBuilder.h>

#include <cstddef>
#include <optional>

#include "codegen/llvm/linear_address.h"

namespace twine::codegen {

Emitter::Emitter(Unit& unit, llvm::Function& function)
    : unit_(unit), function_(function), builder_(unit.context()), context_(function.getArg(0)) {
  builder_.SetInsertPoint(new_block());
  if (!unit.wasm().memories.empty()) {
    // One load a function, for it dominates every access; unused, it goes away.
    llvm::LoadInst* base =
        load_invariant(builder_.getPtrTy(), field(context_, offsetof(abi::InstanceContext, memory0_base)));
    base->setMetadata(llvm::LLVMContext::MD_nonnull, llvm::MDNode::get(unit.context(), {}));
    memory_base_ = base;
  }
}

llvm::BasicBlock* Emitter::new_block() {
  return llvm::BasicBlock::Create(unit_.context(), "", &function_);
}

llvm::Value* Emitter::pop() {
  llvm::Value* value = operands_.back();
  operands_.pop_back();
  return value;
}

std::vector<llvm::Value*> Emitter::pop(size_t count) {
  const std::span<llvm::Value* const> values = top(count);
  std::vector<llvm::Value*> result(values.begin(), values.end());
  cut(height() - count);
  return result;
}

std::span<llvm::Value* const> Emitter::top(size_t count) const {
  return std::span(operands_).last(count);
}

void Emitter::locate(uint32_t wasm_offset) {
  if (subprogram_ == nullptr) return;
  builder_.SetCurrentDebugLocation(llvm::DILocation::get(unit_.context(), wasm_offset, 0, subprogram_));
}

void Emitter::trap(abi::TrapKind kind) {
  llvm::CallInst* call = builder_.CreateIntrinsic(llvm::Intrinsic::ubsantrap, {},
                                                  {builder_.getInt8(static_cast<uint8_t>(kind))});
  // Merged with another of its kind, it would no longer know where it came from.
  call->addFnAttr(llvm::Attribute::NoMerge);
  builder_.CreateUnreachable();
}

void Emitter::trap_if(llvm::Value* condition, abi::TrapKind kind) {
  trap_if(condition, builder_.getTrue(), kind, kind);
}

void Emitter::trap_if(llvm::Value* condition, llvm::Value* which, abi::TrapKind first, abi::TrapKind second) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(condition);
  if (constant != nullptr && constant->isZero()) return;
  llvm::BasicBlock* trapping = new_block();
  llvm::BasicBlock* going_on = new_block();
  builder_.CreateCondBr(condition, trapping, going_on,
                        llvm::MDBuilder(unit_.context()).createUnlikelyBranchWeights());
  builder_.SetInsertPoint(trapping);
  if (first != second) {
    llvm::BasicBlock* one = new_block();
    llvm::BasicBlock* other = new_block();
    builder_.CreateCondBr(which, one, other);
    builder_.SetInsertPoint(other);
    trap(second);
    builder_.SetInsertPoint(one);
  }
  trap(first);
  builder_.SetInsertPoint(going_on);
}

llvm::Value* Emitter::field(llvm::Value* address, uint64_t offset) {
  return offset == 0 ? address : builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), address, offset);
}

llvm::LoadInst* Emitter::load_invariant(llvm::Type* type, llvm::Value* address) {
  llvm::LoadInst* load = builder_.CreateLoad(type, address);
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(unit_.context(), {}));
  return load;
}

llvm::LoadInst* Emitter::load(llvm::Type* type, llvm::Value* address, MemoryKind kind) {
  llvm::LoadInst* load = builder_.CreateLoad(type, address);
  load->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.alias_tag(kind));
  return load;
}

llvm::StoreInst* Emitter::store(llvm::Value* value, llvm::Value* address, MemoryKind kind) {
  llvm::StoreInst* store = builder_.CreateStore(value, address);
  store->setMetadata(llvm::LLVMContext::MD_tbaa, unit_.alias_tag(kind));
  return store;
}

llvm::Value* Emitter::memory_size_bytes() {
  llvm::Value* descriptor =
      load_invariant(builder_.getPtrTy(), field(context_, offsetof(abi::InstanceContext, memory0)));
  return load(builder_.getInt64Ty(), field(descriptor, offsetof(abi::MemoryDescriptor, size_bytes)),
              MemoryKind::descriptor);
}

llvm::Value* Emitter::null_function() {
  return load_invariant(builder_.getInt64Ty(),
                        field(context_, offsetof(abi::InstanceContext, null_function)));
}

llvm::Value* Emitter::type_id(uint32_t type) {
  return load_invariant(builder_.getInt32Ty(),
                        field(context_, unit_.layout().type_ids + uint64_t{type} * sizeof(uint32_t)));
}

llvm::Value* Emitter::function_record(uint32_t function) {
  llvm::Value* record =
      field(context_, unit_.layout().functions + uint64_t{function} * sizeof(abi::FunctionRecord));
  return builder_.CreatePtrToInt(record, builder_.getInt64Ty());
}

llvm::Value* Emitter::table(uint32_t table) {
  return load_invariant(builder_.getPtrTy(),
                        field(context_, unit_.layout().tables + uint64_t{table} * sizeof(void*)));
}

llvm::Value* Emitter::global_address(uint32_t global) {
  llvm::Value* slot = field(context_, unit_.layout().globals + uint64_t{global} * sizeof(abi::Value));
  return global < unit_.wasm().imported_globals ? load_invariant(builder_.getPtrTy(), slot) : slot;
}

llvm::Value* Emitter::thread() {
  return load_invariant(builder_.getPtrTy(), field(context_, offsetof(abi::ContextHeader, thread)));
}

llvm::Value* Emitter::value_slot(uint32_t index) {
  return field(thread(), offsetof(abi::ThreadContext, values) + uint64_t{index} * sizeof(abi::Value));
}

llvm::Value* Emitter::fuel_address() {
  return field(thread(), offsetof(abi::ThreadContext, fuel));
}

llvm::CallInst* Emitter::call_only(llvm::FunctionCallee callee, llvm::Value* callee_context,
                                   std::span<llvm::Value* const> arguments) {
  std::vector<llvm::Value*> all = {callee_context};
  all.insert(all.end(), arguments.begin(), arguments.end());
  llvm::CallInst* call = builder_.CreateCall(callee, all);
  call->addParamAttr(0, llvm::Attribute::SwiftSelf);
  call->setDoesNotThrow();
  if (const auto* known = llvm::dyn_cast<llvm::Function>(callee.getCallee())) {
    call->setCallingConv(known->getCallingConv());
  }
  return call;
}

std::vector<llvm::Value*> Emitter::call(llvm::FunctionCallee callee, llvm::Value* callee_context,
                                        std::span<llvm::Value* const> arguments,
                                        const wasm::FunctionType& type) {
  llvm::CallInst* call = call_only(callee, callee_context, arguments);
  std::vector<llvm::Value*> results;
  results.reserve(type.results.size());
  for (uint32_t index = 0; index < type.results.size(); ++index) {
    results.push_back(index == 0
                          ? static_cast<llvm::Value*>(call)
                          : load(unit_.type(type.results[index]), value_slot(index), MemoryKind::values));
  }
  return results;
}

void Emitter::tail_call(llvm::FunctionCallee callee, llvm::Value* callee_context,
                        std::span<llvm::Value* const> arguments) {
  llvm::CallInst* call = call_only(callee, callee_context, arguments);
  call->setCallingConv(kTailConvention);
  call->setTailCallKind(llvm::CallInst::TCK_MustTail);
  if (call->getType()->isVoidTy()) {
    builder_.CreateRetVoid();
  } else {
    builder_.CreateRet(call);
  }
}

void Emitter::clear_upper_halves() {
  if (unit_.has_avx()) builder_.CreateIntrinsic(llvm::Intrinsic::x86_avx_vzeroupper, {}, {});
}

llvm::Value* Emitter::call_runtime(abi::RuntimeEntry entry, llvm::Type* result,
                                   std::span<llvm::Value* const> arguments) {
  std::vector<llvm::Type*> types = {builder_.getPtrTy()};
  std::vector<llvm::Value*> all = {context_};
  for (llvm::Value* argument : arguments) {
    types.push_back(argument->getType());
    all.push_back(argument);
  }
  llvm::Value* entries =
      load_invariant(builder_.getPtrTy(), field(context_, offsetof(abi::ContextHeader, runtime)));
  llvm::Value* stub =
      load_invariant(builder_.getPtrTy(), field(entries, static_cast<uint64_t>(entry) * sizeof(void*)));
  clear_upper_halves();
  llvm::CallInst* call = builder_.CreateCall(llvm::FunctionType::get(result, types, false), stub, all);
  call->addParamAttr(0, llvm::Attribute::SwiftSelf);
  call->setDoesNotThrow();
  return call;
}

}  // namespace twine::codegen

// Calls, references and tables (core specification 2.0, sections 4.4.2, 4.4.6, 4.4.8).
#include <llvm/IR/Instructions.h>
#include <llvm/IR/MDBuilder.h>

#include <cstddef>
#include <optional>

#include "codegen/llvm/operators.h"

namespace twine::codegen {
namespace {

using abi::RuntimeEntry;
using abi::TrapKind;
using wasm::Opcode;

void push_all(Emitter& emitter, const std::vector<llvm::Value*>& values) {
  for (llvm::Value* value : values) emitter.push(value);
}

// The record at `index`, which is below the size of the table. `is_constant`: nobody writes the table.
llvm::Value* load_record(Emitter& emitter, uint32_t table_index, llvm::Value* index, bool is_constant) {
  auto& builder = emitter.builder();
  llvm::Value* table = emitter.table(table_index);
  llvm::Value* elements = is_constant ? emitter.load_invariant(builder.getPtrTy(), table)
                                      : emitter.load(builder.getPtrTy(), table, MemoryKind::descriptor);
  llvm::Value* element = builder.CreateInBoundsGEP(builder.getPtrTy(), elements,
                                                   builder.CreateZExt(index, builder.getInt64Ty()));
  return is_constant ? emitter.load_invariant(builder.getPtrTy(), element)
                     : emitter.load(builder.getPtrTy(), element, MemoryKind::table);
}

llvm::Value* context_of(Emitter& emitter, llvm::Value* record) {
  return emitter.load_invariant(emitter.builder().getPtrTy(),
                                emitter.field(record, offsetof(abi::FunctionRecord, context)));
}

// The record that `op` names with `index`; its type is right. `constant`: what is known of the table.
llvm::Value* checked_record(Emitter& emitter, const wasm::Operator& op, llvm::Value* index,
                            const std::optional<ConstantElements>& constant) {
  auto& builder = emitter.builder();
  llvm::Value* size =
      constant ? emitter.i32(constant->table_size)
               : static_cast<llvm::Value*>(emitter.load(
                     builder.getInt32Ty(),
                     emitter.field(emitter.table(op.second_index), offsetof(abi::TableDescriptor, size)),
                     MemoryKind::descriptor));
  emitter.trap_if(builder.CreateICmpUGE(index, size), TrapKind::undefined_element);
  llvm::Value* record = load_record(emitter, op.second_index, index, constant.has_value());
  // Records never change once a reference to them exists.
  llvm::Value* actual = emitter.load_invariant(builder.getInt32Ty(),
                                               emitter.field(record, offsetof(abi::FunctionRecord, type_id)));
  emitter.trap_if(builder.CreateICmpNE(actual, emitter.type_id(op.index)),
                  builder.CreateICmpEQ(actual, emitter.i32(abi::kNullTypeId)),
                  TrapKind::uninitialized_element, TrapKind::indirect_call_type_mismatch);
  return record;
}

// Leaves the builder where `index` is that of an element of the right type, which all lie together. Elsewhere the usual comparisons find
// which trap it is.
void check_range(Emitter& emitter, const wasm::Operator& op, llvm::Value* index,
                 const ConstantElements& elements) {
  auto& builder = emitter.builder();
  llvm::BasicBlock* wrong = emitter.new_block();
  llvm::BasicBlock* right = emitter.new_block();
  llvm::Value* inside = elements.count == 1
                            ? builder.CreateICmpEQ(index, emitter.i32(elements.first))
                            : builder.CreateICmpULT(builder.CreateSub(index, emitter.i32(elements.first)),
                                                    emitter.i32(elements.count));
  builder.CreateCondBr(inside, right, wrong,
                       llvm::MDBuilder(emitter.unit().context()).createLikelyBranchWeights());
  builder.SetInsertPoint(wrong);
  checked_record(emitter, op, index, elements);
  emitter.trap(TrapKind::indirect_call_type_mismatch);  // not reached
  builder.SetInsertPoint(right);
}

// A table that nobody writes: with a single function of the type, the call is direct.
std::vector<llvm::Value*> call_constant_element(Emitter& emitter, const wasm::Operator& op,
                                                const ConstantElements& elements) {
  Unit& unit = emitter.unit();
  auto& builder = emitter.builder();
  const wasm::FunctionType& type = unit.wasm().types[op.index];
  llvm::Value* index = emitter.pop();
  const std::vector<llvm::Value*> arguments = emitter.pop(type.params.size());
  if (elements.is_contiguous()) check_range(emitter, op, index, elements);
  if (elements.only) return emitter.call(unit.function(*elements.only), emitter.context(), arguments, type);
  llvm::Value* record = elements.is_contiguous()
                            ? load_record(emitter, op.second_index, index, /*is_constant=*/true)
                            : checked_record(emitter, op, index, elements);
  llvm::Value* code = emitter.load_invariant(builder.getPtrTy(), record);
  llvm::Value* context = elements.has_imports ? context_of(emitter, record) : emitter.context();
  return emitter.call({unit.function_type(type), code}, context, arguments, type);
}

// Calls the function of a record in this function's place if it has an entry for that; else goes on in a block where
// it has been called as usual.
void return_call_by_record(Emitter& emitter, llvm::Value* record, const wasm::FunctionType& type) {
  auto& builder = emitter.builder();
  const std::vector<llvm::Value*> arguments = emitter.pop(type.params.size());
  llvm::Value* context = context_of(emitter, record);
  llvm::Value* tail_code = emitter.load_invariant(
      builder.getPtrTy(), emitter.field(record, offsetof(abi::FunctionRecord, tail_code)));
  llvm::BasicBlock* in_place = emitter.new_block();
  llvm::BasicBlock* as_usual = emitter.new_block();
  builder.CreateCondBr(builder.CreateIsNotNull(tail_code), in_place, as_usual);
  llvm::FunctionType* signature = emitter.unit().function_type(type);
  builder.SetInsertPoint(in_place);
  emitter.tail_call({signature, tail_code}, context, arguments);
  builder.SetInsertPoint(as_usual);
  llvm::Value* code = emitter.load_invariant(builder.getPtrTy(), record);
  push_all(emitter, emitter.call({signature, code}, context, arguments, type));
}

}  // namespace

llvm::Value* null_reference(Emitter& emitter, wasm::ValueType type) {
  return type == wasm::ValueType::funcref ? emitter.null_function() : emitter.i64(0);
}

void emit_call(Emitter& emitter, const wasm::Operator& op) {
  Unit& unit = emitter.unit();
  auto& builder = emitter.builder();
  const wasm::FunctionType& type = unit.wasm().function_type(op.index);
  const std::vector<llvm::Value*> arguments = emitter.pop(type.params.size());
  if (!unit.wasm().is_imported_function(op.index)) {
    push_all(emitter, emitter.call(unit.function(op.index), emitter.context(), arguments, type));
    return;
  }
  llvm::Value* imported =
      emitter.field(emitter.context(),
                    unit.layout().imported_functions + uint64_t{op.index} * sizeof(abi::ImportedFunction));
  llvm::Value* code = emitter.load_invariant(builder.getPtrTy(), imported);
  llvm::Value* context = emitter.load_invariant(
      builder.getPtrTy(), emitter.field(imported, offsetof(abi::ImportedFunction, context)));
  push_all(emitter, emitter.call({unit.function_type(type), code}, context, arguments, type));
}

void emit_call_indirect(Emitter& emitter, const wasm::Operator& op) {
  Unit& unit = emitter.unit();
  const wasm::FunctionType& type = unit.wasm().types[op.index];
  if (const auto elements = unit.constant_elements(op.second_index, op.index)) {
    push_all(emitter, call_constant_element(emitter, op, *elements));
    return;
  }
  llvm::Value* record = checked_record(emitter, op, emitter.pop(), std::nullopt);
  const std::vector<llvm::Value*> arguments = emitter.pop(type.params.size());
  llvm::Value* code = emitter.load_invariant(emitter.builder().getPtrTy(), record);
  push_all(emitter,
           emitter.call({unit.function_type(type), code}, context_of(emitter, record), arguments, type));
}

bool emit_return_call(Emitter& emitter, const wasm::Operator& op) {
  Unit& unit = emitter.unit();
  auto& builder = emitter.builder();
  if (op.opcode == Opcode::return_call_indirect) {
    llvm::Value* record = checked_record(emitter, op, emitter.pop(), std::nullopt);
    return_call_by_record(emitter, record, unit.wasm().types[op.index]);
    return true;
  }
  const wasm::FunctionType& type = unit.wasm().function_type(op.index);
  if (unit.wasm().is_imported_function(op.index)) {
    llvm::Value* record = builder.CreateIntToPtr(emitter.function_record(op.index), builder.getPtrTy());
    return_call_by_record(emitter, record, type);
    return true;
  }
  if (!unit.makes_tail_calls(op.index)) {
    emit_call(emitter, op);
    return true;
  }
  emitter.tail_call(unit.tail_function(op.index), emitter.context(), emitter.pop(type.params.size()));
  return false;
}

void emit_reference(Emitter& emitter, const wasm::Operator& op, wasm::ValueType operand) {
  switch (op.opcode) {
    case Opcode::ref_null:
      return emitter.push(null_reference(emitter, op.type));
    case Opcode::ref_is_null:
      return emitter.push_bool(
          emitter.builder().CreateICmpEQ(emitter.pop(), null_reference(emitter, operand)));
    case Opcode::ref_func:
      return emitter.push(emitter.function_record(op.index));
    default:
      llvm_unreachable("not a reference operator");
  }
}

void emit_table(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  auto& builder = emitter.builder();
  llvm::Type* nothing = builder.getVoidTy();
  const auto enter = [&](RuntimeEntry entry, llvm::Type* result, std::vector<llvm::Value*> arguments,
                         size_t operands) {
    for (llvm::Value* operand : emitter.pop(operands)) arguments.push_back(operand);
    return emitter.call_runtime(entry, result, arguments);
  };
  switch (op.opcode) {
    case table_get:
      return emitter.push(enter(RuntimeEntry::table_get, builder.getInt64Ty(), {emitter.i32(op.index)}, 1));
    case table_set:
      enter(RuntimeEntry::table_set, nothing, {emitter.i32(op.index)}, 2);
      return;
    case table_size:
      return emitter.push(emitter.load(
          builder.getInt32Ty(), emitter.field(emitter.table(op.index), offsetof(abi::TableDescriptor, size)),
          MemoryKind::descriptor));
    case table_grow:
      return emitter.push(enter(RuntimeEntry::table_grow, builder.getInt32Ty(), {emitter.i32(op.index)}, 2));
    case table_fill:
      enter(RuntimeEntry::table_fill, nothing, {emitter.i32(op.index)}, 3);
      return;
    case table_copy:
      enter(RuntimeEntry::table_copy, nothing, {emitter.i32(op.index), emitter.i32(op.second_index)}, 3);
      return;
    case table_init:
      enter(RuntimeEntry::table_init, nothing, {emitter.i32(op.second_index), emitter.i32(op.index)}, 3);
      return;
    case elem_drop:
      enter(RuntimeEntry::elem_drop, nothing, {emitter.i32(op.index)}, 0);
      return;
    default:
      llvm_unreachable("not a table operator");
  }
}

}  // namespace twine::codegen

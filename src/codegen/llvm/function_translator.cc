#include "codegen/llvm/function_translator.h"

#include <llvm/IR/Constants.h>

#include <string>

#include "codegen/llvm/operators.h"
#include "codegen/llvm/vectors.h"

namespace twine::codegen {

using wasm::Opcode;

Result<void> FunctionTranslator::translate(uint32_t index) {
  llvm::Function* function =
      unit_.makes_tail_calls(index) ? unit_.tail_function(index) : unit_.function(index);
  const wasm::FunctionType& type = unit_.wasm().function_type(index);
  TWINE_TRY(validator_.begin(index));

  Emitter emitter(unit_, *function);
  const uint32_t offset = unit_.wasm().functions[index].offset;
  emitter.begin_locations(unit_.begin_locations(*function, offset));
  emitter.locate(offset);
  declare_locals(emitter);
  frames_.clear();
  fuel_ = {};
  reachable_ = true;
  Frame& body = frames_.emplace_back();
  body.reachable = true;
  body.end = new_label(emitter, type.results);

  while (!validator_.done()) {
    const wasm::Operator op = TWINE_TRY(validator_.read());
    // The operator sees the state before it; its operands are known to be right only after check().
    const wasm::ValueType top =
        validator_.operands().empty() ? wasm::ValueType::bottom : validator_.operands().back();
    TWINE_TRY(validator_.check(op));
    if (counts_fuel_ && reachable_) fuel_.pay(emitter, op);
    if (op.opcode == Opcode::ref_is_null && reachable_) {
      emit_reference(emitter, op, top);
    } else {
      translate(emitter, op);
    }
    fuel_.pass(op);
  }
  return validator_.finish();
}

void FunctionTranslator::declare_locals(Emitter& emitter) {
  auto& builder = emitter.builder();
  locals_.clear();
  uint32_t argument = 1;  // behind the context
  for (const wasm::ValueType type : validator_.type().params) {
    locals_.push_back(builder.CreateAlloca(unit_.type(type)));
    builder.CreateStore(emitter.function().getArg(argument++), locals_.back());
  }
  for (const wasm::LocalRun& run : validator_.locals()) {
    if (run.count == 0) continue;
    llvm::Type* type = unit_.type(run.type);
    llvm::Value* initial = wasm::is_reference(run.type)
                               ? null_reference(emitter, run.type)
                               : static_cast<llvm::Value*>(llvm::Constant::getNullValue(type));
    for (uint32_t count = 0; count < run.count; ++count) {
      locals_.push_back(builder.CreateAlloca(type));
      builder.CreateStore(initial, locals_.back());
    }
  }
}

FunctionTranslator::Label FunctionTranslator::new_label(Emitter& emitter,
                                                        std::span<const wasm::ValueType> types) {
  Label label{.block = emitter.new_block(), .values = {}};
  llvm::IRBuilder<> builder(label.block);
  for (const wasm::ValueType type : types) label.values.push_back(builder.CreatePHI(unit_.type(type), 2));
  return label;
}

void FunctionTranslator::add_edge(Emitter& emitter, const Label& label) {
  const auto values = emitter.top(label.values.size());
  for (size_t index = 0; index < values.size(); ++index) {
    label.values[index]->addIncoming(values[index], emitter.builder().GetInsertBlock());
  }
}

void FunctionTranslator::branch(Emitter& emitter, const Label& label) {
  add_edge(emitter, label);
  emitter.builder().CreateBr(label.block);
}

void FunctionTranslator::leave_unreachable(Emitter& emitter) {
  reachable_ = false;
  emitter.cut(frames_.back().height);
}

void FunctionTranslator::translate(Emitter& emitter, const wasm::Operator& op) {
  switch (op.opcode) {
    case Opcode::block:
    case Opcode::loop:
    case Opcode::if_:
      begin_block(emitter, op);
      return;
    case Opcode::else_:
      begin_else(emitter);
      return;
    case Opcode::end:
      end_block(emitter);
      return;
    default:
      break;
  }
  if (reachable_) translate_operation(emitter, op);
}

void FunctionTranslator::translate_operation(Emitter& emitter, const wasm::Operator& op) {
  using enum Opcode;
  const Opcode code = op.opcode;
  switch (code) {
    case nop:
      return;
    case unreachable:
      emitter.locate(op.offset);
      emitter.trap(abi::TrapKind::unreachable);
      return leave_unreachable(emitter);
    case br:
      branch(emitter, frame(op.index).target());
      return leave_unreachable(emitter);
    case return_:
      branch(emitter, frames_.front().end);
      return leave_unreachable(emitter);
    case br_if:
      return branch_if(emitter, op);
    case br_table:
      return branch_table(emitter, op);
    case call:
      emitter.locate(op.offset);
      return emit_call(emitter, op);
    case call_indirect:
      emitter.locate(op.offset);
      return emit_call_indirect(emitter, op);
    case return_call:
    case return_call_indirect:
      emitter.locate(op.offset);
      if (emit_return_call(emitter, op)) branch(emitter, frames_.front().end);
      return leave_unreachable(emitter);
    case drop:
      emitter.pop();
      return;
    case Opcode::select:
    case select_t:
      return this->select(emitter);
    case local_get:
    case local_set:
    case local_tee:
      return access_local(emitter, op);
    case global_get:
    case global_set:
      return emit_global(emitter, op);
    case i32_const:
    case i64_const:
    case f32_const:
    case f64_const:
    case v128_const:
      return emit_constant(emitter, op);
    case ref_null:
    case ref_func:
      return emit_reference(emitter, op, wasm::ValueType::bottom);
    default:
      break;
  }
  // The rest in ranges of codes; all of these may trap.
  emitter.locate(op.offset);
  if (code == table_get || code == table_set || (code >= table_init && code <= table_fill)) {
    emit_table(emitter, op);
  } else if (code >= i32_load && code <= i64_store32) {
    emit_memory_access(emitter, op);
  } else if (code >= static_cast<Opcode>(wasm::OpcodePage::simd)) {
    if (accesses_memory(code)) {
      emit_vector_access(emitter, op);
    } else {
      emit_vector(emitter, op);
    }
  } else if (code == memory_size || code == memory_grow || (code >= memory_init && code <= memory_fill)) {
    emit_bulk_memory(emitter, op);
  } else if ((code >= f32_eq && code <= f64_ge) || (code >= f32_abs && code <= f64_copysign)) {
    emit_float(emitter, op);
  } else if ((code >= i32_wrap_i64 && code <= f64_reinterpret_i64) ||
             (code >= i32_trunc_sat_f32_s && code <= i64_trunc_sat_f64_u)) {
    emit_conversion(emitter, op);
  } else {
    emit_integer(emitter, op);
  }
}

void FunctionTranslator::begin_block(Emitter& emitter, const wasm::Operator& op) {
  Frame frame;
  frame.opcode = op.opcode;
  frame.reachable = reachable_;
  if (!reachable_) {
    frame.height = emitter.height();
    frames_.push_back(std::move(frame));
    return;
  }
  auto& builder = emitter.builder();
  llvm::Value* condition = op.opcode == Opcode::if_ ? emitter.pop() : nullptr;
  const auto arity = validator_.arity(op.block_type);
  frame.height = emitter.height() - arity.params.size();
  frame.end = new_label(emitter, arity.results);
  if (op.opcode == Opcode::loop) {
    frame.header = new_label(emitter, arity.params);
    branch(emitter, frame.header);
    builder.SetInsertPoint(frame.header.block);
    emitter.cut(frame.height);
    for (llvm::PHINode* parameter : frame.header.values) emitter.push(parameter);
  } else if (op.opcode == Opcode::if_) {
    const auto parameters = emitter.top(arity.params.size());
    frame.parameters.assign(parameters.begin(), parameters.end());
    frame.alternative = emitter.new_block();
    llvm::BasicBlock* consequent = emitter.new_block();
    builder.CreateCondBr(builder.CreateICmpNE(condition, emitter.i32(0)), consequent, frame.alternative);
    builder.SetInsertPoint(consequent);
  }
  frames_.push_back(std::move(frame));
}

void FunctionTranslator::begin_else(Emitter& emitter) {
  Frame& frame = frames_.back();
  if (!frame.reachable) return;
  if (reachable_) branch(emitter, frame.end);
  emitter.cut(frame.height);
  for (llvm::Value* parameter : frame.parameters) emitter.push(parameter);
  emitter.builder().SetInsertPoint(frame.alternative);
  frame.opcode = Opcode::else_;
  frame.alternative = nullptr;
  reachable_ = true;
}

void FunctionTranslator::end_block(Emitter& emitter) {
  // An `if` without `else` passes its parameters on.
  if (frames_.back().opcode == Opcode::if_) begin_else(emitter);
  Frame& frame = frames_.back();
  if (!frame.reachable) {
    frames_.pop_back();
    return;
  }
  if (reachable_) branch(emitter, frame.end);
  emitter.cut(frame.height);
  llvm::BasicBlock* end = frame.end.block;
  reachable_ = !end->hasNPredecessors(0);
  if (reachable_) {
    for (llvm::PHINode* result : frame.end.values) emitter.push(result);
    end->moveAfter(&emitter.function().back());
    emitter.builder().SetInsertPoint(end);
    if (frames_.size() == 1) end_function(emitter);
  } else {
    end->eraseFromParent();
  }
  frames_.pop_back();
}

void FunctionTranslator::end_function(Emitter& emitter) {
  const std::vector<llvm::Value*> results = emitter.pop(emitter.height());
  for (uint32_t index = 1; index < results.size(); ++index) {
    emitter.store(results[index], emitter.value_slot(index), MemoryKind::values);
  }
  if (results.empty()) {
    emitter.builder().CreateRetVoid();
  } else {
    emitter.builder().CreateRet(results[0]);
  }
}

void FunctionTranslator::branch_if(Emitter& emitter, const wasm::Operator& op) {
  auto& builder = emitter.builder();
  llvm::Value* condition = builder.CreateICmpNE(emitter.pop(), emitter.i32(0));
  const Label& label = frame(op.index).target();
  add_edge(emitter, label);
  llvm::BasicBlock* next = emitter.new_block();
  builder.CreateCondBr(condition, label.block, next);
  builder.SetInsertPoint(next);
}

void FunctionTranslator::branch_table(Emitter& emitter, const wasm::Operator& op) {
  llvm::Value* index = emitter.pop();
  const Label& otherwise = frame(op.targets.default_label).target();
  add_edge(emitter, otherwise);
  auto* choice =
      emitter.builder().CreateSwitch(index, otherwise.block, static_cast<unsigned>(op.targets.labels.size()));
  for (uint32_t number = 0; number < op.targets.labels.size(); ++number) {
    const Label& label = frame(op.targets.labels[number]).target();
    if (label.block == otherwise.block) continue;
    add_edge(emitter, label);
    choice->addCase(emitter.i32(number), label.block);
  }
  leave_unreachable(emitter);
}

void FunctionTranslator::select(Emitter& emitter) {
  llvm::Value* condition = emitter.pop();
  llvm::Value* otherwise = emitter.pop();
  llvm::Value* value = emitter.pop();
  auto& builder = emitter.builder();
  emitter.push(builder.CreateSelect(builder.CreateICmpNE(condition, emitter.i32(0)), value, otherwise));
}

void FunctionTranslator::access_local(Emitter& emitter, const wasm::Operator& op) {
  llvm::AllocaInst* local = locals_[op.index];
  if (op.opcode == Opcode::local_get) {
    emitter.push(emitter.builder().CreateLoad(local->getAllocatedType(), local));
    return;
  }
  emitter.builder().CreateStore(emitter.top(1)[0], local);
  if (op.opcode == Opcode::local_set) emitter.pop();
}

}  // namespace twine::codegen

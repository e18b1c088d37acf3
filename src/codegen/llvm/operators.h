// The lowering of operators, a function a family. Each takes its operands from the emitter's stack and leaves
// its results there; the operator has been validated and the code is reachable.
#pragma once

#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/emitter.h"
#include "common/result.h"
#include "wasm/operator_reader.h"
#include "wasm/validator.h"

namespace twine::codegen {

void emit_constant(Emitter& emitter, const wasm::Operator& op);
void emit_integer(Emitter& emitter, const wasm::Operator& op);
void emit_float(Emitter& emitter, const wasm::Operator& op);
void emit_conversion(Emitter& emitter, const wasm::Operator& op);
void emit_memory_access(Emitter& emitter, const wasm::Operator& op);
void emit_vector_access(Emitter& emitter, const wasm::Operator& op);
void emit_bulk_memory(Emitter& emitter, const wasm::Operator& op);  // with memory.size and memory.grow
void emit_global(Emitter& emitter, const wasm::Operator& op);
void emit_table(Emitter& emitter, const wasm::Operator& op);
void emit_call(Emitter& emitter, const wasm::Operator& op);
void emit_call_indirect(Emitter& emitter, const wasm::Operator& op);
// return_call and return_call_indirect. False: the block has ended. True: the callee makes no tail call itself, so
// that an ordinary call does; its results are on the stack, and the function is to return them.
bool emit_return_call(Emitter& emitter, const wasm::Operator& op);
// `operand`: the type of the topmost operand.
void emit_reference(Emitter& emitter, const wasm::Operator& op, wasm::ValueType operand);

// Arithmetic on numbers or on vectors of them.
llvm::Value* float_arithmetic(Emitter& emitter, llvm::Instruction::BinaryOps operation, llvm::Value* left,
                              llvm::Value* right);
// llvm.minimum or llvm.maximum.
llvm::Value* float_minimum_or_maximum(Emitter& emitter, llvm::Intrinsic::ID intrinsic, llvm::Value* left,
                                      llvm::Value* right);

// The null reference of a type, as a value.
llvm::Value* null_reference(Emitter& emitter, wasm::ValueType type);

}  // namespace twine::codegen

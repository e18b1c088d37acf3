// FunctionTranslator: one Wasm function becomes one LLVM function.
//
// It walks the body in step with the validator and keeps the control stack; a Wasm label is a basic block
// with a phi for each value that a branch carries. Locals are allocas, which LLVM turns into SSA values at
// once. Unreachable code is read and validated but not translated.
#pragma once

#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "codegen/llvm/emitter.h"
#include "codegen/llvm/fuel.h"
#include "common/result.h"
#include "wasm/validator.h"

namespace twine::codegen {

class FunctionTranslator {
 public:
  // `counts_fuel`: the code pays for what it executes (fuel.h).
  FunctionTranslator(Unit& unit, const wasm::Features& features, bool counts_fuel)
      : unit_(unit), validator_(unit.wasm(), features), counts_fuel_(counts_fuel) {}

  // Defines the function in the unit. Errors: those of validation.
  Result<void> translate(uint32_t function);

 private:
  struct Label {
    llvm::BasicBlock* block = nullptr;
    std::vector<llvm::PHINode*> values;  // what a branch here carries
  };
  struct Frame {
    wasm::Opcode opcode = wasm::Opcode::block;  // block, loop, if_; if_ becomes else_ on the way
    bool reachable = false;                     // the block was entered; if not, only nesting is tracked
    size_t height = 0;                          // of the operand stack below the parameters
    Label header;                               // loop
    Label end;                                  // what follows the block
    llvm::BasicBlock* alternative = nullptr;    // if_: its else part
    std::vector<llvm::Value*> parameters;       // if_: for its else part

    [[nodiscard]] const Label& target() const { return opcode == wasm::Opcode::loop ? header : end; }
  };

  void declare_locals(Emitter& emitter);
  void translate(Emitter& emitter, const wasm::Operator& op);
  void translate_operation(Emitter& emitter, const wasm::Operator& op);

  Label new_label(Emitter& emitter, std::span<const wasm::ValueType> types);
  Frame& frame(uint32_t depth) { return frames_[frames_.size() - 1 - depth]; }
  // Adds the edge from the current block, with the topmost operands; the caller ends the block.
  static void add_edge(Emitter& emitter, const Label& label);
  static void branch(Emitter& emitter, const Label& label);
  // What follows in this block cannot be reached.
  void leave_unreachable(Emitter& emitter);

  void begin_block(Emitter& emitter, const wasm::Operator& op);
  void begin_else(Emitter& emitter);
  void end_block(Emitter& emitter);
  void end_function(Emitter& emitter);
  void branch_if(Emitter& emitter, const wasm::Operator& op);
  void branch_table(Emitter& emitter, const wasm::Operator& op);
  void select(Emitter& emitter);
  void access_local(Emitter& emitter, const wasm::Operator& op);

  Unit& unit_;
  wasm::FunctionValidator validator_;
  bool counts_fuel_;
  FuelMeter fuel_;
  std::vector<Frame> frames_;
  std::vector<llvm::AllocaInst*> locals_;
  bool reachable_ = true;
};

}  // namespace twine::codegen

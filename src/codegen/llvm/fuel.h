// Fuel: counting what a guest executes (docs/abi.md, "Fuel").
//
// One unit an operator; `block`, `loop`, `else`, `end` and `nop` are free. A segment is a run of operators without a label, a branch or
// an `if` between them: who executes its first executes all of them, unless one traps. Its units are paid before its first
// operator, so that a guest which cannot pay leaves none of the segment's effects. Operators that take a length pay for that
// too, before they start, one unit for each whole kFuelBytes bytes or kFuelElements table elements.
//
// What is paid depends on the Wasm code alone, never on the machine code that is made of it.
#pragma once

#include <llvm/IR/Instructions.h>

#include <cstdint>

#include "codegen/llvm/emitter.h"
#include "wasm/operator_reader.h"

namespace twine::codegen {

inline constexpr uint64_t kFuelBytes = 64;
inline constexpr uint64_t kFuelElements = 8;

class FuelMeter {
 public:
  // To be called before each reachable operator is translated.
  void pay(Emitter& emitter, const wasm::Operator& op);
  // To be called when it has been.
  void pass(const wasm::Operator& op);

 private:
  // Leaves the thread `rest`, and traps when that is less than nothing.
  static void take(Emitter& emitter, llvm::Value* rest);

  // Of the open segment: the instruction that takes its units, which are its second operand. Null: none is open.
  llvm::BinaryOperator* segment_ = nullptr;
};

}  // namespace twine::codegen

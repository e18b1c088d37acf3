// Arithmetic gives quiet NaNs, also where LLVM finds that it leaves its operand as it is.
//
// In WebAssembly the result of an operator on a signalling NaN is a quiet one (core specification 2.0, section 4.3.3, arithmetic NaN).
// LLVM takes the liberty to fold x * 1.0, x / 1.0, x + -0.0, x - 0.0 and their negated forms to x (or -x), and the demotion of a promoted x, wherever
// the constant shows up: in the source, from a local, in the first round of an unrolled loop, behind a comparison with it.
// A signalling x then shows in a reinterpretation or a store.
//
// This pass comes first of all, once locals are values. Where an operand may be found out to be such a constant, and the
// other one may be a signalling NaN (loaded, passed, reinterpreted; no result of arithmetic is), it makes the other one
// quiet beforehand: one addition and one selection, that hardly any loop that matters has. Everything else stays as it is.
//
// What may be found out is judged generously, by what an operand is made of: constants, choices among values with a constant among them, and
// operations on nothing but such.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

namespace twine::codegen {

class QuietNansPass : public llvm::PassInfoMixin<QuietNansPass> {
 public:
  static llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
  static bool isRequired() { return true; }
};

// The value, its NaN made quiet.
llvm::Value* make_quiet(llvm::IRBuilderBase& builder, llvm::Value* value);

}  // namespace twine::codegen

// The compiler as a shared object of its own, libtwine-compiler.so: loaded when something must be compiled, and not before.
//
// Loading LLVM and running its constructors takes longer than everything else between `twine run` and the guest's first
// instruction, and most launches find their module in the cache (docs/decisions/0006-the-compiler-is-loaded-when-needed.md).
//
// The object exports one C symbol, twine_compiler_library. What it returns is C++, so both sides must be of one build:
// `identity` tells.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codegen/llvm/compile.h"
#include "codegen/llvm/source_lines.h"
#include "common/result.h"

namespace twine::codegen {

// A hash of the compiler's sources.
extern const char* const kCompilerIdentity;

struct CompilerLibrary {
  const char* identity;
  // codegen::compile.
  Result<std::vector<uint8_t>> (*compile)(std::span<const uint8_t> wasm, const CompileOptions& options,
                                          const Signer& signer, const Progress* progress);
  // codegen::describe with the machine's name for `native`, which LLVM knows.
  std::string (*describe)(const CompileOptions& options);
  // codegen::source_lines.
  Result<std::unique_ptr<SourceLines>> (*source_lines)(std::span<const uint8_t> wasm);
};

// Loads the object from the directory of this program, from lib/ beside that directory, or from where the dynamic linker looks, in this
// order. Once: it stays loaded. Errors: not_found (it is nowhere, or it does not load); unsupported (another build's).
Result<const CompilerLibrary*> load_compiler();

}  // namespace twine::codegen

// Never null.
extern "C" const twine::codegen::CompilerLibrary* twine_compiler_library();

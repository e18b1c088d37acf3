// What libtwine-compiler.so exports.
#include <utility>

#include "codegen/llvm/compiler_library.h"
#include "codegen/llvm/target.h"

using namespace twine::codegen;

extern "C" const CompilerLibrary* twine_compiler_library() {
  static constexpr auto describe_with_machine = [](const CompileOptions& options) {
    return describe(options, target_cpu(options.cpu).tune);
  };
  static const CompilerLibrary library = {.identity = kCompilerIdentity,
                                          .compile = compile,
                                          .describe = describe_with_machine,
                                          .source_lines = source_lines};
  return &library;
}

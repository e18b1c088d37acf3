#include <llvm/Config/llvm-config.h>  // macros only

#include "codegen/llvm/compile.h"
#include "codegen/llvm/compiler_library.h"
#include "codegen/llvm/cpu.h"
#include "compiler_identity.h"

namespace twine::codegen {

const char* const kCompilerIdentity = TWINE_COMPILER_IDENTITY;

std::string describe(const CompileOptions& options, std::string_view tuned_for) {
  // The identity changes whenever the same input may give other code, so that caches notice.
  std::string text = std::string("twine-llvm ") + kCompilerIdentity + ", LLVM " LLVM_VERSION_STRING ", -O" +
                     std::to_string(options.optimisation_level) + ", " + cpu_level(options.cpu).name;
  if (!tuned_for.empty()) text.append(" for ").append(tuned_for);
  if (options.counts_fuel) text += ", counting fuel";
  return text;
}

}  // namespace twine::codegen

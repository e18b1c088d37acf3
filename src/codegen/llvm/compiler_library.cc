#include "codegen/llvm/compiler_library.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <system_error>

namespace twine::codegen {
namespace {

constexpr const char* kFileName = "libtwine-compiler.so";
constexpr const char* kEntry = "twine_compiler_library";

// Why a file that is there does not load says more than that it is nowhere, so the first such reason is kept.
Result<void*> open_library() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::string reason;
  for (const auto& path :
       {program / kFileName, program.parent_path() / "lib" / kFileName, std::filesystem::path(kFileName)}) {
    const bool searched = !path.has_parent_path();
    if (!searched && !std::filesystem::exists(path, error)) continue;
    if (void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    const char* const message = dlerror();
    if (reason.empty() && !searched && message != nullptr) reason = message;
  }
  if (!reason.empty()) return fail(ErrorCode::not_found, "the compiler does not load: " + reason);
  return fail(ErrorCode::not_found,
              std::string("the compiler, ") + kFileName + ", is neither in " + program.string() + " nor in " +
                  (program.parent_path() / "lib").string() +
                  "; build or install it there, or run a module compiled before (.twm)");
}

Result<const CompilerLibrary*> load() {
  void* const handle = TWINE_TRY(open_library());
  const auto entry = reinterpret_cast<decltype(&twine_compiler_library)>(dlsym(handle, kEntry));
  const CompilerLibrary* const library = entry == nullptr ? nullptr : entry();
  if (library == nullptr || std::string_view(library->identity) != kCompilerIdentity) {
    return fail(
        ErrorCode::unsupported,
        std::string(kFileName) + " is of another build than this program; build or install both together");
  }
  return library;
}

}  // namespace

Result<const CompilerLibrary*> load_compiler() {
  static const Result<const CompilerLibrary*> library = load();
  return library;
}

}  // namespace twine::codegen

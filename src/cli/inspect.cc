// twine inspect: what a file of any of Twine's formats holds.
#include "cli/inspect.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "common/sgx/arch.h"
#include "common/twm.h"
#include "host/files/files.h"
#include "host/image/elf_image.h"
#include "host/launch/twm_file.h"

namespace twine::cli {
namespace {

constexpr char kFooter[] =
    "Which format it is, the file itself tells:\n"
    "  WebAssembly module       sections, imports, exports, whether it is valid\n"
    "  compiled module (.twm)   header, sections, signing key, hash, whether the signature is right\n"
    "  enclave image (ELF)      layout note, segments, MRENCLAVE; and its .sig when that lies beside it\n"
    "  SIGSTRUCT                every field, whether it verifies\n"
    "\n"
    "Examples:\n"
    "  twine inspect app.wasm\n"
    "  twine inspect build/bin/twine-enclave";

// The enclave image with its signature, where that lies beside it.
Result<std::string> inspect_enclave_file(const std::filesystem::path& path, std::span<const uint8_t> file) {
  std::string text = TWINE_TRY(inspect_enclave(file));
  const auto signature = host::read_file(path.string() + ".sig", 1 << 16);
  if (signature) text += "\n" + TWINE_TRY(inspect_sigstruct(*signature));
  return text;
}

Result<std::string> inspect_file(const std::filesystem::path& path, std::span<const uint8_t> file) {
  if (host::looks_like_wasm(file)) return inspect_wasm(file);
  if (host::looks_like_twm(file)) return inspect_twm(file);
  if (image::looks_like_elf(file)) return inspect_enclave_file(path, file);
  if (file.size() == sgx::kSigstructSize) return inspect_sigstruct(file);
  return fail(ErrorCode::malformed,
              "neither a WebAssembly module, nor a compiled one, nor an enclave image, nor a SIGSTRUCT");
}

Result<int> inspect(const std::string& path) {
  const std::vector<uint8_t> file = TWINE_TRY(host::read_file(path, kTwmMaxSize));
  const Result<std::string> text = inspect_file(path, file);
  if (!text) return within(path, text.error());
  fmt::print("{}", *text);
  return 0;
}

}  // namespace

std::string row(std::string_view name, std::string_view value) {
  return fmt::format("  {:<18}{}\n", name, value);
}

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

void add_inspect(CLI::App& app, int& status) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand(
      "inspect", "Print what is in a module, a compiled module, an enclave image or a SIGSTRUCT");
  command->footer(kFooter);
  command->add_option("FILE", *path, "File to look into")->required()->type_name("");
  set_action(command, status, [path] { return inspect(*path); });
}

}  // namespace twine::cli

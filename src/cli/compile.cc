// twine compile: ahead of time, into a file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/compile_flags.h"
#include "cli/progress.h"
#include "host/files/files.h"
#include "host/image/hex.h"
#include "twine/twine.hpp"

namespace twine::cli {
namespace {

constexpr char kFooter[] =
    "The compiled module is signed with an Ed25519 key, by default your own\n"
    "($XDG_CONFIG_HOME/twine/module-signing-key.pem, made on first use). Enclaves accept it when that key "
    "is\n"
    "among those the launch lists; `twine run` lists your own, and what --trust-key names.\n"
    "\n"
    "Examples:\n"
    "  twine compile app.wasm -o app.twm\n"
    "  twine compile app.wasm -o app.twm -O 3 --cpu x86-64-v3\n"
    "  openssl genpkey -algorithm ed25519 -out release.pem && chmod 600 release.pem\n"
    "  twine compile app.wasm -o app.twm --sign release.pem";

struct Flags {
  std::string module;
  std::string output;
  std::string key;
  std::string enclave;
  CompileFlags compile;
};

Result<int> compile(const Flags& flags) {
  api::CompileOptions options = TWINE_TRY(flags.compile.to_options());
  options.set_cache(false);
  if (!flags.key.empty()) options.set_signing_key(flags.key);
  if (!flags.enclave.empty()) options.set_enclave(TWINE_TRY(parse_digest(flags.enclave)));

  std::filesystem::path output = flags.output;
  if (output.empty()) output = std::filesystem::path(flags.module).replace_extension(".twm");
  if (output == std::filesystem::path(flags.module)) {
    return fail(ErrorCode::invalid_argument,
                output.string() + ": is the module itself; name another file with -o");
  }

  ProgressBar bar(std::filesystem::path(flags.module).filename());
  bar.attach(options);
  const auto module = api::Module::read(flags.module, options);
  if (!module) return std::unexpected(to_error(module.error()));
  TWINE_TRY(host::write_file(output, module->bytes()));
  return 0;
}

}  // namespace

void add_compile(CLI::App& app, int& status) {
  auto flags = std::make_shared<Flags>();
  CLI::App* const command =
      app.add_subcommand("compile", "Compile a .wasm ahead of time, into a signed .twm");
  command->footer(kFooter);
  command->add_option("MODULE", flags->module, "WebAssembly module")->required()->type_name("");
  command->add_option("-o,--output", flags->output, "File to write (MODULE with the ending .twm)")
      ->type_name("FILE");
  command->add_option("--sign", flags->key, "Sign with this Ed25519 key, a PEM file")->type_name("KEY");
  command
      ->add_option("--only-enclave", flags->enclave,
                   "The one enclave that may run it, by MRENCLAVE in hexadecimal")
      ->type_name("MRENCLAVE");
  flags->compile.add_to(*command);
  command->add_flag("--fuel", flags->compile.counts_fuel,
                    "Count what the code executes, so that `twine run --fuel` can limit it; slower");
  set_action(command, status, [flags] { return compile(*flags); });
}

}  // namespace twine::cli

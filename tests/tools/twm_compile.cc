// twm-compile IN.wasm OUT.twm [OPTIMISATION LEVEL [CPU [IR DUMP]]]: the compiler alone, for work on it.
// `twine compile` is for everyone else.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "codegen/llvm/compile.h"

namespace {

int report(const twine::Error& error) {
  (void)std::fprintf(stderr, "twm-compile: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    (void)std::fprintf(stderr, "usage: twm-compile IN.wasm OUT.twm [OPTIMISATION LEVEL [CPU [IR DUMP]]]\n");
    return 2;
  }
  std::ifstream input(argv[1], std::ios::binary);
  const std::vector<char> text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  const std::vector<uint8_t> wasm(text.begin(), text.end());
  twine::codegen::CompileOptions options;
  if (argc > 3) options.optimisation_level = static_cast<int>(std::strtol(argv[3], nullptr, 10));
  if (argc > 4) {
    const auto cpu = twine::codegen::parse_cpu(argv[4]);
    if (!cpu) return report(cpu.error());
    options.cpu = *cpu;
  }
  if (argc > 5) options.dump_ir = argv[5];
  const auto signer = twine::codegen::make_ephemeral_signing_key();
  if (!signer) return report(signer.error());
  const auto twm = twine::codegen::compile(wasm, options, **signer);
  if (!twm) return report(twm.error());
  std::ofstream output(argv[2], std::ios::binary);
  output.write(reinterpret_cast<const char*>(twm->data()), static_cast<std::streamsize>(twm->size()));
  return output.flush() ? 0 : 1;
}

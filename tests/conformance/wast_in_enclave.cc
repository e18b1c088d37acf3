// wast-in-enclave FILE.json…: the WebAssembly test suite inside the enclave, a launch a file. TWINE_SGX
// chooses the SGX as `twine run --sgx` does: auto (default), hardware, emulated. The enclave image is
// $TWINE_ENCLAVE.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "conformance/wast_main.h"
#include "host/launch/launcher.h"

namespace {

twine::host::SgxChoice choice() {
  const char* text = std::getenv("TWINE_SGX");
  const std::string_view name = text == nullptr ? "auto" : text;
  if (name == "hardware") return twine::host::SgxChoice::hardware;
  if (name == "emulated") return twine::host::SgxChoice::emulated;
  return twine::host::SgxChoice::automatic;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<std::filesystem::path> image;
  if (const char* path = std::getenv("TWINE_ENCLAVE")) image = path;
  const twine::Result<twine::host::EnclaveProgram> enclave =
      twine::host::EnclaveProgram::load(image, choice());
  if (!enclave) {
    std::fprintf(stderr, "%s\n", enclave.error().message.c_str());
    return EXIT_FAILURE;
  }
  return twine::conformance::run_wast_files(
      argc, argv, [&](const twine::conformance::WastScript& script) -> twine::Result<twine::LaunchResult> {
        twine::host::LaunchRequest request{
            .manifest = script.manifest(), .modules = {}, .mounts = {}, .sockets = {}, .files = {}};
        for (const std::vector<uint8_t>& module : script.modules()) request.modules.emplace_back(module);
        return TWINE_TRY(enclave->run(request)).result;
      });
}

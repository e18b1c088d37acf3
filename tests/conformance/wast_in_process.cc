// wast-in-process FILE.json…: the test suite on the enclave's runtime in a plain process, for debuggers and
// sanitizers. What counts is wast-in-enclave.
#include "common/wasi_types.h"
#include "conformance/wast_main.h"
#include "enclave/runtime/launch.h"
#include "support/in_process_pages.h"
#include "unit/in_process_platform.h"

namespace {

class ScriptModules final : public twine::enclave::ModuleSource {
 public:
  explicit ScriptModules(const twine::conformance::WastScript& script) : script_(script) {}
  twine::Result<std::vector<uint8_t>> read(uint32_t module, uint64_t /*size*/) override {
    return script_.modules()[module];
  }

 private:
  const twine::conformance::WastScript& script_;
};

twine::Result<twine::LaunchResult> execute(const twine::conformance::WastScript& script) {
  // Through its encoding, as in a real launch.
  const twine::LaunchManifest manifest =
      TWINE_TRY(twine::decode_manifest(twine::encode_manifest(script.manifest())));
  ScriptModules modules(script);
  return twine::enclave::launch(manifest,
                                {.accepted_signers = manifest.accepted_signers,
                                 .mrenclave = {},
                                 .cpu_features = ~uint64_t{0},
                                 .guest_stack_guard = uint64_t{1} << 20,
                                 .wasm_features = {}},
                                modules);
}

}  // namespace

int main(int argc, char** argv) {
  twine::testing::start_in_process_pages();
  // There is no host: standard streams and the like are refused, and no test asks for more.
  twine::testing::set_host(
      [] { twine::testing::test_arena_header().result = -static_cast<int64_t>(twine::wasi::Errno::io); });
  return twine::conformance::run_wast_files(argc, argv, execute);
}

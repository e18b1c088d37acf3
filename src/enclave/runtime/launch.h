// One launch: what a manifest asks for, from its modules' bytes to the result. enclave_main (main.cc) feeds
// it from the host calls.
#pragma once

#include <cstdint>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "enclave/runtime/compiled_module.h"
#include "enclave/runtime/linker.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {

// Where the bytes of modules come from.
class ModuleSource {
 public:
  ModuleSource() = default;
  ModuleSource(const ModuleSource&) = delete;
  ModuleSource& operator=(const ModuleSource&) = delete;

  // The bytes of a module of the manifest, copied into the enclave: `size` of them, no more are read. Errors:
  // io.
  [[nodiscard]] virtual Result<std::vector<uint8_t>> read(uint32_t module, uint64_t size) = 0;

 protected:
  ~ModuleSource() = default;
};

// Runs the program or the script of a manifest that decode_manifest accepted, and fills in everything of the
// result but `entered` and `finished`. Never fails: what goes wrong is the result.
LaunchResult launch(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source);

// The steps of a script; appends to result.steps.
void run_script(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source,
                Store& store, Linker& linker, LaunchResult& result);

// Time stamp counter, for PhaseMarks.
[[nodiscard]] uint64_t time_stamp();

}  // namespace twine::enclave

// Instantiation of a module (core specification 2.0, section 4.5.4).
#pragma once

#include <optional>

#include "common/manifest.h"
#include "common/result.h"
#include "enclave/runtime/linker.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {

struct Instantiated {
  Instance* instance = nullptr;
  // A segment that did not fit, or the start function, trapped. The instance stays, since what was done
  // before the trap stays: tables of other instances may refer to its functions.
  std::optional<TrapReport> trap;
  std::optional<uint32_t> exit_code;  // the start function ended the program
};

// Links the imports, initialises, and runs the start function. Errors: link; limit (--max-memory, tables,
// instances, memory slots); out_of_memory.
Result<Instantiated> instantiate(Store& store, const Linker& linker, CompiledModule& module);

}  // namespace twine::enclave

// Calls of exported functions with values that come from, and go to, outside the enclave.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "enclave/runtime/guest_thread.h"
#include "enclave/runtime/instance.h"

namespace twine::enclave {

struct Invoked {
  CallEnd end = CallEnd::returned;
  std::vector<WireValue> results;  // returned
  TrapReport trap;                 // trapped
  uint32_t exit_code = 0;          // exited
};

// Errors: not_found (no function of that name is exported), invalid_argument (the arguments are not of the
// parameters' types; a reference to a function cannot come from outside).
Result<Invoked> invoke(Instance& instance, std::string_view function, std::span<const WireValue> arguments);

// The value of an exported global. Errors: not_found.
Result<WireValue> read_global(Instance& instance, std::string_view global);

}  // namespace twine::enclave

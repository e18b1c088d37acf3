// What the runtime provides to be started.
#pragma once

#include <cstdint>

namespace twine {

// The launch. Called once, on the runtime stack, when everything is set up; its result is told to the host in
// RSI, with ExitReason::finished.
int64_t enclave_main();

}  // namespace twine

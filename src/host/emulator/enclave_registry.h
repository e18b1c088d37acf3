// The enclaves of this process, for the trap layer: which one, if any, has an address in its ELRANGE.
//
// A fixed table of atomics, because signal handlers read it. No thread may be inside an enclave that is being
// unregistered.
#pragma once

#include <cstdint>

#include "host/emulator/enclave.h"

namespace twine::host::emulator {

// False when the table is full.
[[nodiscard]] bool register_enclave(Enclave& enclave);
void unregister_enclave(Enclave& enclave);
// In the child of a fork(2): the enclaves are the parent's.
void forget_enclaves();
[[nodiscard]] Enclave* find_enclave(uint64_t address);

}  // namespace twine::host::emulator

#pragma once

namespace twine::enclave {

// Lets libsodium choose its code for this processor (platform/cpu.h must be ready). Takes the place of
// sodium_init(), which would ask CPUID, lock mutexes and open a random device.
void start_crypto();

}  // namespace twine::enclave

// WASI preview1 as the runtime and the launch see it: make a WasiContext (context.h), link these functions.
#pragma once

#include <span>

#include "enclave/wasi/context.h"
#include "enclave/wasi/host_function.h"

namespace twine::wasi {

// Every function of wasi_snapshot_preview1, those that answer ENOTSUP included (docs/wasi.md
// lists the state of each).
std::span<const HostFunction> wasi_preview1_functions();

// The socket extension, which programs import from the same module.
std::span<const HostFunction> wasi_socket_functions();
std::span<const HostFunction> wasi_socket_option_functions();

// Those of its forerunner, `wasi_unstable` (snapshot 0), which programs of 2019 and 2020 import.
std::span<const HostFunction> wasi_unstable_functions();

}  // namespace twine::wasi

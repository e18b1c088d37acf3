// WASI preview1 as the runtime and the launch see it: build a WasiContext from the manifest, link wasi_preview1_functions().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "enclave/wasi/host_function.h"

namespace twine::wasi {

// A directory the program finds open. `mount` is its index in the launch manifest, which is how the host knows it.
struct Preopen {
  std::string guest_path;  // the name fd_prestat_dir_name gives
  uint32_t mount = 0;
  bool read_only = false;
};

struct WasiConfig {
  std::vector<std::string> arguments;    // arguments[0] is the program's name
  std::vector<std::string> environment;  // "NAME=VALUE"
  std::vector<Preopen> preopens;         // descriptors 3, 4, …
};

class WasiContext;

// Fails (invalid_argument) if a string holds a NUL, an environment entry has no `=`, or the strings exceed 4 GiB.
// The context lives until destroy_wasi_context: it holds the program's descriptors.
Result<WasiContext*> make_wasi_context(WasiConfig config);
void destroy_wasi_context(WasiContext* context);

// Every function of wasi_snapshot_preview1, those that answer ENOSYS included (docs/wasi.md lists the state of each).
std::span<const HostFunction> wasi_preview1_functions();

}  // namespace twine::wasi

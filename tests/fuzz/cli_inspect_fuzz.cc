// `twine inspect` on any bytes, as each of the formats it knows.
#include <cstdint>
#include <span>

#include "cli/inspect.h"
#include "host/launch/twm_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  if (twine::host::looks_like_twm(bytes)) {
    static_cast<void>(twine::cli::inspect_twm(bytes));
  } else if (twine::host::looks_like_wasm(bytes)) {
    static_cast<void>(twine::cli::inspect_wasm(bytes));
  } else {
    static_cast<void>(twine::cli::inspect_sigstruct(bytes));
  }
  return 0;
}

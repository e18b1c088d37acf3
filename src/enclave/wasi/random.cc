// random_get: from the processor, never from the host.

#include "enclave/platform/platform.h"
#include "enclave/wasi/functions.h"

namespace twine::wasi {

Outcome<void> random_get(Call& call, uint32_t buf, uint32_t buf_len) {
  const auto bytes = TWINE_TRY(call.memory.bytes(buf, buf_len));
  enclave::random_bytes({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return {};
}

}  // namespace twine::wasi

// Stands in for the runtime until src/enclave/runtime is linked; a strong definition there replaces it.
#include "enclave/start/start.h"

namespace twine {

[[gnu::weak]] int64_t enclave_main() {
  return 0;
}

}  // namespace twine

// What libtwine-sgx.so reads and did not write: code, in which it looks for CPUID, and TWINE_SGX_EPC.
#include <cstdlib>
#include <span>
#include <string_view>

#include "host/preload/cpuid.h"
#include "host/preload/epc_size.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace preload = twine::host::preload;
  uint64_t last = 0;
  for (const uint64_t offset : preload::find_cpuid({data, size})) {
    // Whatever stands around it: two bytes of the code, in ascending order, and CPUID's.
    if (offset + 2 > size || data[offset] != 0x0f || data[offset + 1] != 0xa2 || offset < last) std::abort();
    last = offset + 1;
  }
  const auto bytes = preload::parse_epc_size({reinterpret_cast<const char*>(data), size});
  if (bytes && (*bytes < uint64_t{1} << 20 || *bytes > uint64_t{1} << 40)) std::abort();
  return 0;
}

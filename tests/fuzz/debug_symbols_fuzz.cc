// The reader of an enclave image's symbols: no file crashes it, and what it yields lies within the code.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/debug/symbols.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto symbols = twine::host::debug::enclave_symbols(std::span(data, size), 0x1000);
  if (!symbols) return 0;
  for (const auto& function : symbols->functions) {
    if (function.address < symbols->begin || function.address >= symbols->end ||
        function.size > symbols->end - function.address)
      std::abort();
  }
  return 0;
}

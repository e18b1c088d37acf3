// What a debugger or profiler is told of a piece of code that no file on disk describes where it lies: an enclave's image, or a guest's
// compiled module inside an enclave. Only for debug enclaves (docs/debugging.md).
//
// All of it comes from what the host has anyway: the image's and the module's files, and the addresses it mapped itself. The enclave
// is not asked and says nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace twine::host::debug {

struct Symbol {
  uint64_t address;
  uint64_t size;
  std::string name;
};

struct CodeSymbols {
  uint64_t begin = 0;  // the code lies in [begin, end)
  uint64_t end = 0;
  std::vector<Symbol> functions;  // ascending, within [begin, end)
  std::vector<uint8_t>
      debug_frame;  // DWARF .debug_frame with absolute addresses: how to unwind; may be empty
};

// From the enclave image's ELF file, for an image loaded at `base`: functions of its symbol table and its .debug_frame. An image that
// was stripped yields no functions. Errors: malformed.
Result<CodeSymbols> enclave_symbols(std::span<const uint8_t> elf, uint64_t base);

}  // namespace twine::host::debug

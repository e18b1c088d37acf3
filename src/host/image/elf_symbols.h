// The function symbols of an ELF file, for messages that people read. They are not measured and nothing is
// decided by them alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace twine::image {

struct FunctionSymbol {
  uint64_t address = 0;  // offset from the enclave's base
  uint64_t size = 0;     // 0: not known, as of some assembly
  std::string name;      // as the linker has it
};

// STT_FUNC symbols of the .symtab section, ascending by address, one an address; none if the file was
// stripped. Errors: malformed (a section or name beyond the file).
Result<std::vector<FunctionSymbol>> read_function_symbols(std::span<const uint8_t> file);

// The name in the source language, without parameters: "twine::enclave::accept_page".
std::string demangle(const std::string& name);

}  // namespace twine::image

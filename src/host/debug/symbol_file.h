// A symbol file in memory: the ELF file that gdb's JIT interface asks for.
//
// It describes code where it lies; there is none in it:
//
//   section       type       contents
//   .text         NOBITS     address and size of the code
//   .debug_frame  PROGBITS   how to unwind (symbols.h)
//   .symtab       SYMTAB     a FUNC symbol a function, addresses absolute
//   .strtab       STRTAB     their names
//   .shstrtab     STRTAB
#pragma once

#include <cstdint>
#include <vector>

#include "host/debug/symbols.h"

namespace twine::host::debug {

std::vector<uint8_t> make_symbol_file(const CodeSymbols& symbols);

}  // namespace twine::host::debug

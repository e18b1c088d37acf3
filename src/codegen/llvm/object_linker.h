// The linker: the ELF objects that LLVM emitted become one position-independent image without relocations.
//
//   image    [0, code_size)        .text of each object in turn, 16-byte aligned, padded with int3 to a page
//            [code_size, …)        .rodata* (constants, jump tables) of each object in turn
//
// Only relations within the image occur (PC-relative), for compiled code addresses everything else through
// its context. A reference to a symbol that no object defines would be a call of a library function that does
// not exist inside the enclave; it is an internal error that names the symbol.
//
// Locations come out of .debug_line, in which a line is a byte offset in the Wasm file; unwind rows out of
// .eh_frame.
#pragma once

#include <llvm/Support/MemoryBufferRef.h>

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "common/twm.h"

namespace twine::codegen {

struct CodeRange {
  uint32_t begin = 0;  // offsets in the image
  uint32_t end = 0;
};

struct LinkedImage {
  std::vector<uint8_t> bytes;
  TwmImageLayout layout{};
  std::unordered_map<std::string, CodeRange> functions;  // by symbol
  std::vector<TwmLocation> locations;                    // ascending
  std::vector<TwmUnwind> unwind;                         // ascending
};

// Objects of x86-64 ELF with one .text each. Errors: internal; limit (image beyond 2^31 bytes).
Result<LinkedImage> link_objects(std::span<const llvm::MemoryBufferRef> objects);

}  // namespace twine::codegen

// Reads the tables of a .twm out of an object's DWARF: locations from .debug_line, unwind rows from
// .eh_frame.
#pragma once

#include <llvm/Object/ObjectFile.h>

#include <cstdint>
#include <vector>

#include "common/result.h"
#include "common/twm.h"

namespace twine::codegen {

struct CodeTables {
  std::vector<TwmLocation> locations;  // ascending
  std::vector<TwmUnwind> unwind;       // ascending
  uint32_t max_frame = 0;              // largest distance from RSP to CFA
};

// `base`: offset in the image of the object's code. The object has one section of code.
Result<CodeTables> read_code_tables(const llvm::object::ObjectFile& object, uint32_t base);

}  // namespace twine::codegen

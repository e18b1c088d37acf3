// Where in the source an operator comes from, by the DWARF that the guest's compiler left in the module (.debug_line and what it
// needs; addresses there are offsets in the code section).
//
// For people only: nothing is decided by it. It reads what a stranger wrote, so what it finds wrong it tells and leaves out, and
// it is asked for by a flag (twine run --debug-info), outside the enclave and with what the host has anyway: the module and
// the offsets of a backtrace.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace twine::codegen {

struct SourceLine {
  std::string file;  // relative to the directory it was compiled in, if it was named so
  uint32_t line = 0;
  uint32_t column = 0;   // 0: not known
  std::string function;  // as the source names it; empty: not known
};

// An interface, since who asks is not linked with LLVM (compiler_library.h).
class SourceLines {
 public:
  struct Section {
    std::string_view name;  // ".debug_line"
    std::span<const uint8_t> bytes;
  };

  SourceLines() = default;
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;
  virtual ~SourceLines() = default;

  // The lines of the operator at this offset of the file: first the one it stands on, then, if that was inlined, the one it was
  // inlined at, and so on. Empty: not known.
  [[nodiscard]] virtual std::vector<SourceLine> at(uint64_t wasm_offset) const = 0;

  // Why there is nothing, or not everything, in a few words; empty if all is well so far.
  [[nodiscard]] virtual const std::string& problem() const = 0;
};

// `sections`: of the module, all custom ones; their bytes must outlive the object. `code_section_offset`: where the contents of
// the code section begin in the file.
std::unique_ptr<SourceLines> make_source_lines(std::span<const SourceLines::Section> sections,
                                               uint32_t code_section_offset);

// Of a module. Errors: those of wasm::load.
Result<std::unique_ptr<SourceLines>> source_lines(std::span<const uint8_t> wasm);

}  // namespace twine::codegen

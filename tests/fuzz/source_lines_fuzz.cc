// Debug information of modules: whatever the sections hold, looking up lines ends, with lines that have a file and a number.
//
// Input: {u8 which section, u16 size, bytes}*; what is left over belongs to the last one.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codegen/llvm/source_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using twine::codegen::SourceLines;
  constexpr std::array<std::string_view, 8> names = {".debug_line", ".debug_info",    ".debug_abbrev",
                                                     ".debug_str",  ".debug_ranges",  ".debug_line_str",
                                                     ".debug_addr", ".debug_rnglists"};
  constexpr size_t kHeader = 3;
  std::vector<SourceLines::Section> sections;
  std::span<const uint8_t> rest(data, size);
  while (rest.size() > kHeader) {
    const std::string_view name = names[rest[0] % names.size()];
    const size_t wanted = size_t{rest[1]} | size_t{rest[2]} << 8;
    rest = rest.subspan(kHeader);
    const size_t length = std::min(wanted, rest.size());
    sections.push_back({.name = name, .bytes = rest.first(length)});
    rest = rest.subspan(length);
  }
  const auto lines = make_source_lines(sections, 16);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{16}, uint64_t{20}, uint64_t{0x100}, ~uint64_t{0}}) {
    for (const auto& line : lines->at(offset)) {
      if (line.file.empty() || line.line == 0) std::abort();
    }
  }
  return 0;
}

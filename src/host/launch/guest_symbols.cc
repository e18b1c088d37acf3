#include "host/launch/guest_symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/twm.h"
#include "host/debug/debug_frame.h"
#include "host/launch/twm_file.h"
#include "wasm/module.h"
#include "wasm/validator.h"

namespace twine::host {
namespace {

template <typename Row>
std::vector<Row> rows_of(const TwmFile& file, TwmSectionKind kind, std::span<const uint8_t> twm) {
  const std::span<const uint8_t> bytes = file.section(kind, twm);
  std::vector<Row> rows(bytes.size() / sizeof(Row));
  if (!rows.empty()) std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(Row));
  return rows;
}

Result<TwmImageLayout> layout_of(const TwmFile& file, std::span<const uint8_t> twm) {
  const std::vector<TwmImageLayout> rows = rows_of<TwmImageLayout>(file, TwmSectionKind::layout, twm);
  if (rows.size() != 1)
    return fail(ErrorCode::malformed, "the compiled module does not say how its code lies");
  return rows.front();
}

std::string name_of(const wasm::Module& module, uint32_t function) {
  if (const std::string_view given = module.function_name(function); !given.empty())
    return std::string(given);
  for (const wasm::Export& entry : module.exports) {
    if (entry.kind == wasm::ExternalKind::function && entry.index == function && !entry.field.empty())
      return std::string(entry.field);
  }
  return fmt::format("func[{}]", function);
}

struct Start {
  uint32_t offset;
  std::string name;
};

// A function reaches to the next start, the last one to the end of the code.
std::vector<debug::Symbol> to_symbols(std::vector<Start> starts, uint64_t base, uint64_t code_size) {
  std::erase_if(starts, [&](const Start& start) { return start.offset >= code_size; });
  std::ranges::sort(starts, {}, &Start::offset);
  std::vector<debug::Symbol> symbols;
  for (size_t i = 0; i < starts.size(); ++i) {
    const uint64_t end = i + 1 < starts.size() ? starts[i + 1].offset : code_size;
    symbols.push_back({.address = base + starts[i].offset,
                       .size = end - starts[i].offset,
                       .name = std::move(starts[i].name)});
  }
  return symbols;
}

}  // namespace

Result<uint64_t> guest_code_size(std::span<const uint8_t> twm) {
  const TwmFile file = TWINE_TRY(parse_twm(twm));
  return TWINE_TRY(layout_of(file, twm)).code_size;
}

Result<debug::CodeSymbols> guest_symbols(std::span<const uint8_t> twm, uint64_t base) {
  const TwmFile file = TWINE_TRY(parse_twm(twm));
  const TwmImageLayout layout = TWINE_TRY(layout_of(file, twm));
  const wasm::Module module =
      TWINE_TRY(wasm::load(file.section(TwmSectionKind::wasm, twm), wasm::all_features));

  const auto functions = rows_of<uint32_t>(file, TwmSectionKind::functions, twm);
  std::vector<Start> starts;
  for (size_t i = 0; i + 1 < functions.size(); ++i)  // the last row is an end
    starts.push_back({functions[i], name_of(module, module.imported_functions + static_cast<uint32_t>(i))});
  const auto thunks = rows_of<TwmThunks>(file, TwmSectionKind::thunks, twm);
  for (size_t type = 0; type < thunks.size(); ++type) {
    if (thunks[type].entry != kNoCode)
      starts.push_back({thunks[type].entry, fmt::format("thunk[{}] in", type)});
    if (thunks[type].host != kNoCode)
      starts.push_back({thunks[type].host, fmt::format("thunk[{}] out", type)});
  }

  std::vector<debug::FrameRow> frames;
  for (const TwmUnwind& row : rows_of<TwmUnwind>(file, TwmSectionKind::unwind, twm)) {
    static_assert(kNoUnwind == debug::kNoFrame);
    if (row.code_offset < layout.code_size)
      frames.push_back({.address = base + row.code_offset, .cfa = row.cfa});
  }
  const uint64_t end = base + layout.code_size;
  return debug::CodeSymbols{.begin = base,
                            .end = end,
                            .functions = to_symbols(std::move(starts), base, layout.code_size),
                            .debug_frame = debug::make_debug_frame(frames, end)};
}

}  // namespace twine::host

#include "codegen/llvm/code_tables.h"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugFrame.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>

#include <algorithm>
#include <utility>

namespace twine::codegen {
namespace {

constexpr uint32_t kDwarfRsp = 7;

// Stable. LLVM writes the rows in ascending order but for functions that it reorders, so this is nearly
// linear; the library's stable_sort wants a temporary buffer that it deprecates itself.
template <typename Row>
void sort_by_offset(std::vector<Row>& rows) {
  std::vector<std::pair<uint64_t, Row>> keyed;
  keyed.reserve(rows.size());
  for (const Row& row : rows) keyed.emplace_back(uint64_t{row.code_offset} << 32 | keyed.size(), row);
  std::ranges::sort(keyed, {}, &std::pair<uint64_t, Row>::first);
  std::ranges::transform(keyed, rows.begin(), &std::pair<uint64_t, Row>::second);
}

Result<void> read_locations(llvm::DWARFContext& dwarf, uint32_t base, std::vector<TwmLocation>& locations) {
  for (const auto& unit : dwarf.compile_units()) {
    const llvm::DWARFDebugLine::LineTable* table = dwarf.getLineTableForUnit(unit.get());
    if (table == nullptr) continue;
    for (const auto& row : table->Rows) {
      // Line 0: code that several operators share, or none. The operator before it is the best that is known.
      if (row.EndSequence || row.Line == 0) continue;
      locations.push_back({base + static_cast<uint32_t>(row.Address.Address), row.Line});
    }
  }
  // Where rows share an address, the last holds.
  sort_by_offset(locations);
  std::vector<TwmLocation> kept;
  for (const TwmLocation& location : locations) {
    if (!kept.empty() && kept.back().code_offset == location.code_offset) kept.pop_back();
    if (kept.empty() || kept.back().wasm_offset != location.wasm_offset) kept.push_back(location);
  }
  locations = std::move(kept);
  return {};
}

// The distance from RSP to the CFA, or kNoUnwind where the CFA is counted from anything else.
uint32_t cfa_of(const llvm::dwarf::UnwindRow& row) {
  const llvm::dwarf::UnwindLocation& cfa = row.getCFAValue();
  const bool from_rsp = cfa.getLocation() == llvm::dwarf::UnwindLocation::RegPlusOffset &&
                        cfa.getRegister() == kDwarfRsp && cfa.getOffset() >= 0;
  return from_rsp ? static_cast<uint32_t>(cfa.getOffset()) : kNoUnwind;
}

Result<void> read_unwind(llvm::DWARFContext& dwarf, uint32_t base, CodeTables& tables) {
  auto frames = dwarf.getEHFrame();
  if (!frames) return fail(ErrorCode::internal, "unwind table: " + llvm::toString(frames.takeError()));
  std::vector<TwmUnwind>& rows = tables.unwind;
  for (const llvm::dwarf::FrameEntry& entry : **frames) {
    const auto* function = llvm::dyn_cast<llvm::dwarf::FDE>(&entry);
    if (function == nullptr) continue;
    auto table = llvm::dwarf::UnwindTable::create(function);
    if (!table) return fail(ErrorCode::internal, "unwind table: " + llvm::toString(table.takeError()));
    for (const llvm::dwarf::UnwindRow& row : *table) {
      const uint32_t cfa = cfa_of(row);
      rows.push_back({base + static_cast<uint32_t>(row.getAddress()), cfa});
      if (cfa != kNoUnwind) tables.max_frame = std::max(tables.max_frame, cfa);
    }
    // Padding between functions belongs to none.
    rows.push_back(
        {base + static_cast<uint32_t>(function->getInitialLocation() + function->getAddressRange()),
         kNoUnwind});
  }
  sort_by_offset(rows);
  // A function that begins where another ends takes the end's place.
  std::vector<TwmUnwind> kept;
  for (const TwmUnwind& row : rows) {
    if (!kept.empty() && kept.back().code_offset == row.code_offset) {
      if (row.cfa != kNoUnwind) kept.back() = row;
    } else {
      kept.push_back(row);
    }
  }
  rows = std::move(kept);
  return {};
}

}  // namespace

Result<CodeTables> read_code_tables(const llvm::object::ObjectFile& object, uint32_t base) {
  const auto dwarf = llvm::DWARFContext::create(object);
  CodeTables tables;
  TWINE_TRY(read_locations(*dwarf, base, tables.locations));
  TWINE_TRY(read_unwind(*dwarf, base, tables));
  return tables;
}

}  // namespace twine::codegen

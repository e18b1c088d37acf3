#include "host/launch/looking_inside.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "common/hostcall.h"
#include "host/debug/symbol_file.h"
#include "host/launch/guest_symbols.h"

namespace twine::host {

Result<std::unique_ptr<LookingInside>> LookingInside::start(std::span<const uint8_t> enclave_elf,
                                                            uint64_t enclave_base,
                                                            std::vector<NamedModule> modules, bool perf_map) {
  std::unique_ptr<LookingInside> looking(new LookingInside);
  looking->modules_ = std::move(modules);
  if (perf_map) looking->perf_map_ = TWINE_TRY(debug::PerfMap::create());
  const debug::CodeSymbols symbols = TWINE_TRY(debug::enclave_symbols(enclave_elf, enclave_base));
  TWINE_TRY(looking->announce(symbols, "twine-enclave"));
  return looking;
}

void LookingInside::code_mapped(uint64_t address, uint64_t length) {
  if (next_module_ == modules_.size()) return;
  const NamedModule& module = modules_[next_module_++];
  const auto told = [&]() -> Result<void> {
    if (TWINE_TRY(guest_code_size(module.twm)) != length) return {};
    return announce(TWINE_TRY(guest_symbols(module.twm, address)), module.name);
  }();
  if (!told) fmt::print(stderr, "twine: {}: no symbols: {}\n", module.name, told.error().message);
}

Result<void> LookingInside::announce(const debug::CodeSymbols& symbols, std::string_view origin) {
  registrations_.push_back(std::make_unique<debug::GdbRegistration>(debug::make_symbol_file(symbols)));
  if (perf_map_) return perf_map_->add(symbols, origin);
  return {};
}

wasi::IoResult<void> WatchedPages::open(uint64_t offset, uint64_t length, uint32_t protection) {
  const wasi::IoResult<void> opened = pages_.open(offset, length, protection);
  if (opened && (protection & hostcall::kPageExecute) != 0) looking_.code_mapped(base_ + offset, length);
  return opened;
}

}  // namespace twine::host

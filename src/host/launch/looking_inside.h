// Tells gdb and perf where code lies in a debug enclave: the enclave's own, and each module's once it is mapped.
//
// Where a module lies the enclave does not say; the host sees it, as it makes the pages executable. Modules are mapped one after
// the other, in the order of the launch manifest. Should a mapping not have the next module's size, that module stays without names.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "host/debug/gdb_jit.h"
#include "host/debug/perf_map.h"
#include "host/debug/symbols.h"
#include "host/services/services.h"

namespace twine::host {

struct NamedModule {
  std::string name;
  std::span<const uint8_t> twm;
};

class LookingInside {
 public:
  // `perf_map`: keep perf's map too. What is borrowed must outlive the object. Errors: those of PerfMap and enclave_symbols.
  static Result<std::unique_ptr<LookingInside>> start(std::span<const uint8_t> enclave_elf,
                                                      uint64_t enclave_base, std::vector<NamedModule> modules,
                                                      bool perf_map);

  // Code at this address became executable.
  void code_mapped(uint64_t address, uint64_t length);

 private:
  LookingInside() = default;
  Result<void> announce(const debug::CodeSymbols& symbols, std::string_view origin);

  std::vector<NamedModule> modules_;
  size_t next_module_ = 0;
  std::unique_ptr<debug::PerfMap> perf_map_;
  std::vector<std::unique_ptr<debug::GdbRegistration>> registrations_;
};

// Passes the enclave's wishes on to `pages`, and what became executable to `looking`.
class WatchedPages final : public PageService {
 public:
  WatchedPages(PageService& pages, LookingInside& looking, uint64_t enclave_base)
      : pages_(pages), looking_(looking), base_(enclave_base) {}

  wasi::IoResult<void> open(uint64_t offset, uint64_t length, uint32_t protection) override;
  wasi::IoResult<void> close(uint64_t offset, uint64_t length) override {
    return pages_.close(offset, length);
  }
  wasi::IoResult<void> trim(uint64_t offset, uint64_t length) override { return pages_.trim(offset, length); }
  wasi::IoResult<void> remove(uint64_t offset, uint64_t length) override {
    return pages_.remove(offset, length);
  }
  wasi::IoResult<void> restrict(uint64_t offset, uint64_t length, uint32_t protection) override {
    return pages_.restrict(offset, length, protection);
  }
  wasi::IoResult<void> make_thread(uint64_t offset) override { return pages_.make_thread(offset); }
  void thread_ready(uint64_t offset) override { pages_.thread_ready(offset); }

 private:
  PageService& pages_;
  LookingInside& looking_;
  uint64_t base_;
};

}  // namespace twine::host

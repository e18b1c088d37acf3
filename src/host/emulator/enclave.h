// One emulated enclave: its SECS, EPCM, thread control structures and memory. The leaf functions (leaves.h)
// work on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "common/sgx/arch.h"
#include "host/emulator/address_space.h"
#include "host/emulator/epcm.h"
#include "host/emulator/measurement.h"
#include "host/emulator/outcome.h"
#include "host/emulator/platform.h"
#include "host/emulator/text_patches.h"

namespace twine::host::emulator {

// The EPC of the emulated machine: a number of pages that all its enclaves share.
struct Epc {
  explicit Epc(uint64_t bytes) : capacity(bytes / sgx::kEpcPageSize) {}

  // Takes one page. False: none is free.
  [[nodiscard]] bool allocate() {
    uint64_t used = in_use.load(std::memory_order_relaxed);
    do {
      if (used >= capacity) return false;
    } while (!in_use.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return true;
  }
  void release(uint64_t pages = 1) { in_use.fetch_sub(pages, std::memory_order_relaxed); }

  const uint64_t capacity;
  std::atomic<uint64_t> in_use{0};
};

// The content of a TCS page. Software never sees it, so it lives here and not in the page.
struct TcsState {
  sgx::Tcs tcs{};
  uint64_t address = 0;
  bool active = false;  // a logical processor is in enclave mode on it: TCS.STATE
  // EFLAGS.TF and the debug state at EENTER would be here too; opt-in is read from tcs.flags.
};

// Short critical sections, taken also by signal handlers; whoever takes it outside of one has all signals
// blocked.
class SpinLock {
 public:
  void lock() noexcept;
  void unlock() noexcept { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_;
};

struct EnclaveCounters {
  std::atomic<uint64_t> enters{0};
  std::atomic<uint64_t> exits{0};
  std::atomic<uint64_t> resumes{0};
  std::atomic<uint64_t> asynchronous_exits{0};
  std::atomic<uint64_t> interrupts{0};  // those of them that no exception caused
  std::atomic<uint64_t> pages_peak{0};
};

class Enclave {
 public:
  Enclave(const Platform& package, Epc& cache) : platform(package), epc(cache), memory(epcm) {}
  Enclave(const Enclave&) = delete;
  Enclave& operator=(const Enclave&) = delete;
  ~Enclave();

  // --- What the leaf functions need beyond the fields below.

  // Whether [address, address + size) lies in ELRANGE.
  [[nodiscard]] bool in_elrange(uint64_t address, uint64_t size = 1) const {
    return address - secs.baseaddr < secs.size && size <= secs.size - (address - secs.baseaddr);
  }

  // The page tables' half of an access to one byte of ELRANGE. Where no page is and the VMA allows the access,
  // the operating system adds one (EAUG) first, as Linux does: so on success the EPCM has a valid entry.
  Outcome resolve(uint64_t address, Access kind);

  // An access of software (or of a leaf function on its behalf) to one byte of ELRANGE in enclave mode: page
  // tables, then EPCM, where the page must be a regular one, accepted, not blocked, with the permission. On
  // success the host's page tables allow the access as well.
  Outcome access(uint64_t address, Access kind);

  // The checks that leaf functions make of their explicit memory operands, then the copy. `address` is
  // aligned so that it stays within a page.
  Outcome read_operand(uint64_t address, void* destination, size_t size);
  Outcome write_operand(uint64_t address, const void* source, size_t size);

  [[nodiscard]] TcsState& tcs_at(uint64_t address) { return tcs[epcm.at(address).tcs_index]; }
  [[nodiscard]] bool initialised() const { return (secs.attributes.flags & sgx::kAttributeInit) != 0; }
  [[nodiscard]] uint64_t ssa_frame(const sgx::Tcs& thread, uint32_t index) const {
    return secs.baseaddr + thread.ossa + uint64_t{index} * secs.ssaframesize * sgx::kEpcPageSize;
  }

  sgx::Secs secs{};
  const Platform& platform;
  Epc& epc;
  SpinLock lock;  // guards everything but the counters
  bool created = false;
  uint8_t isvfamilyid[16] =
      {};  // SIGSTRUCT's, kept by EINIT in the part of the SECS that is not architectural
  uint8_t isvextprodid[16] = {};
  Measurement measurement;
  Epcm epcm;
  AddressSpace memory;
  std::deque<TcsState> tcs;
  TextPatches patches;
  EnclaveCounters counters;
};

}  // namespace twine::host::emulator

// One emulated enclave: its SECS, EPCM, thread control structures and memory. The leaf functions (leaves.h)
// work on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>

#include "common/sgx/arch.h"
#include "host/emulator/address_space.h"
#include "host/emulator/epc.h"
#include "host/emulator/epcm.h"
#include "host/emulator/measurement.h"
#include "host/emulator/outcome.h"
#include "host/emulator/platform.h"
#include "host/emulator/text_patches.h"

namespace twine::host::emulator {

// The content of a TCS page. Software never sees it, so it lives here and not in the page.
struct TcsState {
  sgx::Tcs tcs{};
  uint64_t address = 0;
  bool active = false;  // a logical processor is in enclave mode on it: TCS.STATE
  // A page that was accepted here and that the host's page tables do not allow yet. Not the processor's: it
  // saves the fault at which they would be widened (address_space.h).
  uint64_t accepted = 0;
  // EFLAGS.TF and the debug state at EENTER would be here too; opt-in is read from tcs.flags.
};

struct EnclaveCounters {
  std::atomic<uint64_t> enters{0};
  std::atomic<uint64_t> exits{0};
  std::atomic<uint64_t> resumes{0};
  std::atomic<uint64_t> asynchronous_exits{0};
  std::atomic<uint64_t> interrupts{0};  // those of them that no exception caused
  std::atomic<uint64_t> pages_peak{0};
};

class Enclave final : public EpcTenant {
 public:
  Enclave(const Platform& package, Epc& cache)
      : platform(package), epc(cache), lock(cache.lock), memory(epcm) {}
  Enclave(const Enclave&) = delete;
  Enclave& operator=(const Enclave&) = delete;
  ~Enclave() override;

  // --- What the leaf functions need beyond the fields below.

  // Whether [address, address + size) lies in ELRANGE.
  [[nodiscard]] bool in_elrange(uint64_t address, uint64_t size = 1) const {
    return address - secs.baseaddr < secs.size && size <= secs.size - (address - secs.baseaddr);
  }

  // Takes a page of the EPC, for the SECS or a page that is about to be inserted into the EPCM, and a version
  // array page where Linux would. False: the EPC is exhausted.
  [[nodiscard]] bool take_epc_page();
  // Takes the entry at `address` out of the EPCM and gives its EPC page back.
  void erase_page(uint64_t address);

  // ELDU: the operating system's answer to the use of a page that it has written out. Nothing to do if the
  // page is where it should be, or there is none. #PF: the EPC is exhausted.
  Outcome reload(uint64_t address);

  // EpcTenant. A page of a lost enclave is none, for ever.
  uint64_t evict(uint64_t wanted) override;
  void lose() override;

  // EPC pages that the enclave holds: its SECS and those of its pages that are not written out.
  [[nodiscard]] uint64_t resident_pages() const { return epcm.pages() + (created ? 1 : 0) - swapped_; }

  // The page tables' half of an access to one byte of ELRANGE. Where no page is and the VMA allows the access,
  // the operating system adds one (EAUG) first, as Linux does: so on success the EPCM has a valid entry.
  Outcome resolve(uint64_t address, Access kind);

  // An access of software (or of a leaf function on its behalf) to one byte of ELRANGE in enclave mode: page
  // tables, then EPCM, where the page must be a regular one, accepted, not blocked, with the permission. On
  // success the host's page tables allow the access as well.
  Outcome access(uint64_t address, Access kind);

  // Widens the host's page tables for what was accepted on a thread that is about to be resumed: it is what the
  // thread waits for.
  void open_accepted(TcsState& thread);

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
  SpinLock& lock;  // the EPC's; guards everything but the counters
  bool created = false;
  bool lost = false;  // with the EPC's contents: suspend, migration
  uint8_t isvfamilyid[16] =
      {};  // SIGSTRUCT's, kept by EINIT in the part of the SECS that is not architectural
  uint8_t isvextprodid[16] = {};
  Measurement measurement;
  Epcm epcm;
  AddressSpace memory;
  std::deque<TcsState> tcs;
  TextPatches patches;
  EnclaveCounters counters;

 private:
  [[nodiscard]] bool evictable(uint64_t address);

  uint64_t swapped_ = 0;   // pages of the EPCM that are written out
  uint64_t va_pages_ = 0;  // version arrays
  uint64_t hand_ = 0;      // of the clock: the offset that it looks at next
};

}  // namespace twine::host::emulator

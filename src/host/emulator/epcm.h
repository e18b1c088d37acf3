// The enclave page cache map (EPCM): what the processor knows of every page of one enclave, indexed by linear
// address.
//
// Silicon indexes by physical address and keeps the linear one in the entry; user space has no physical
// pages, so an entry here stands for the EPC page (if any) that backs one page of ELRANGE, and
// "EPCM.ENCLAVEADDRESS = address" and "EPCM.ENCLAVESECS = this enclave" hold by construction. A wrong-enclave
// page is one that lies outside this enclave's ELRANGE.
//
// The table is flat in address space and sparse in memory: the kernel's own page tables are its upper levels,
// entries that were never touched cost nothing (512 MiB of address space for an ELRANGE of 2^38 bytes). A
// second table counts the valid entries of each run of 512 pages, so that walks over large ranges skip what
// is empty.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "common/sgx/arch.h"
#include "host/emulator/outcome.h"

namespace twine::host::emulator {

struct EpcmEntry {
  uint64_t valid : 1;
  uint64_t r : 1;
  uint64_t w : 1;
  uint64_t x : 1;
  uint64_t pending : 1;
  uint64_t modified : 1;
  uint64_t pr : 1;  // a permission restriction waits for EACCEPT
  uint64_t blocked : 1;
  uint64_t pt : 8;  // sgx::PageType
  // Not the processor's, but kept here because it is per page:
  uint64_t max_protection : 3;   // PROT_* that the driver lets VMAs have here (vm_max_prot_bits)
  uint64_t host_protection : 3;  // PROT_* that the host's page tables have now
  uint64_t tracked : 1;  // no thread is left inside that was there before the last EMODPR or EMODT (ETRACK)
  // Of the host's page, and kept when the entry becomes valid or invalid:
  uint64_t guarded : 1;  // a guard marker keeps accesses out, not the protection of its mapping
  uint64_t touched : 1;  // may hold something other than zeroes
  // Of the reclaimer (epc.h):
  uint64_t swapped : 1;     // written out: no EPC page, contents and this entry are kept
  uint64_t referenced : 1;  // opened since the clock hand was here
  uint64_t unused : 5;
  uint64_t tcs_index : 32;  // of the TcsState, for pt == tcs

  [[nodiscard]] sgx::PageType type() const { return static_cast<sgx::PageType>(pt); }
  [[nodiscard]] bool is(sgx::PageType type) const { return pt == static_cast<uint8_t>(type); }
  // Permissions as SECINFO.FLAGS bits 2:0.
  [[nodiscard]] uint64_t rwx() const {
    return (r ? sgx::kSecinfoR : 0) | (w ? sgx::kSecinfoW : 0) | (x ? sgx::kSecinfoX : 0);
  }
  void set_rwx(uint64_t flags) {
    r = (flags & sgx::kSecinfoR) != 0;
    w = (flags & sgx::kSecinfoW) != 0;
    x = (flags & sgx::kSecinfoX) != 0;
  }
};
static_assert(sizeof(EpcmEntry) == 8);

class Epcm {
 public:
  Epcm() = default;
  Epcm(const Epcm&) = delete;
  Epcm& operator=(const Epcm&) = delete;
  ~Epcm();

  // For ELRANGE [base, base + size). Errors: out_of_memory.
  [[nodiscard]] Result<void> open(uint64_t base, uint64_t size);

  // The entry of the page that holds `address`, which must lie in ELRANGE.
  [[nodiscard]] EpcmEntry& at(uint64_t address) { return entries_[(address - base_) / sgx::kEpcPageSize]; }

  // Makes the entry valid (all else zero) or invalid; keeps the counts, and what is said of the host's page.
  EpcmEntry& insert(uint64_t address);
  void erase(uint64_t address);

  // The first page >= address and < end whose entry is valid; `end` if there is none.
  [[nodiscard]] uint64_t next_valid(uint64_t address, uint64_t end) const;

  [[nodiscard]] uint64_t pages() const { return pages_; }

 private:
  static constexpr uint64_t kRun = 512;

  EpcmEntry* entries_ = nullptr;
  uint16_t* counts_ = nullptr;
  uint64_t base_ = 0;
  uint64_t entry_bytes_ = 0;
  uint64_t count_bytes_ = 0;
  uint64_t pages_ = 0;
};

}  // namespace twine::host::emulator

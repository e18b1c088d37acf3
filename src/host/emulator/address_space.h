// The operating system's part of an enclave's memory: VMAs, host page protections, page contents.
//
// A page of ELRANGE can be accessed as  EPCM permissions ∩ VMA protection.  Silicon checks both at each
// access; here they are folded into the host's page protection (mprotect), lazily when something becomes
// allowed, at once when something ceases to be:
//   - enclave memory is one private anonymous reservation, PROT_NONE until a page is valid, accepted and
//   covered by a VMA;
//   - what becomes allowed is opened by the first access that faults, for the whole run of like pages around
//   it, so that accepting
//     a cluster of pages costs one mprotect and not one a page.
// A memory that is touched at random would need a mapping a run, and the kernel allows 65,530 a process. So
// where a 2 MiB window lies in one R|W VMA and has come to several runs, it becomes one R|W mapping with a
// guard marker (MADV_GUARD_INSTALL, Linux 6.13) on every page that is not open; opening a page then takes its
// marker away and splits nothing. Older kernels have the limit.
//
// Emulated instructions read and write pages whatever their protection, through /proc/self/mem where it is
// needed.
//
// Not thread safe: the enclave's lock is held by whoever calls. Nothing here allocates except map, protect
// and unmap, so the rest can be called by signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "common/result.h"
#include "host/emulator/epcm.h"
#include "host/emulator/outcome.h"

namespace twine::host::emulator {

enum class Access : uint8_t { read, write, fetch };

class AddressSpace {
 public:
  explicit AddressSpace(Epcm& epcm) : epcm_(epcm) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  ~AddressSpace();

  // Reserves `size` bytes (a power of two), aligned to their size, inaccessible. Errors: out_of_memory.
  [[nodiscard]] Result<uint64_t> reserve(uint64_t size);
  // Takes an ELRANGE that the program has chosen, as with a real driver: [base, base + size), of which nothing may be
  // mapped but reservations (inaccessible, private, anonymous). VMAs that map() made before stay if they lie in
  // it. 0 or a negated errno: ENOMEM where something else is in the way.
  int adopt(uint64_t base, uint64_t size);
  [[nodiscard]] uint64_t base() const { return base_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] bool contains(uint64_t address) const { return address - base_ < size_; }

  // mmap, mprotect, munmap of whole pages in the reservation; 0 or a negated errno. The permissions that
  // pages were added with bound the protection (EACCES).
  int map(uint64_t address, uint64_t length, int protection);
  int protect(uint64_t address, uint64_t length, int protection);
  int unmap(uint64_t address, uint64_t length);

  // The end of the VMA at `address`; `address` where there is none.
  [[nodiscard]] uint64_t vma_end(uint64_t address) const;
  [[nodiscard]] bool has_vmas() const { return !vmas_.empty(); }

  // PROT_* of the VMA at `address`; PROT_NONE where there is none.
  [[nodiscard]] int vma_protection(uint64_t address) const;

  // What EPCM and VMA allow together at a page, as PROT_*.
  [[nodiscard]] int effective_protection(uint64_t address) const;

  // Brings the host's protection of the page at `address`, and of the run of like pages around it, up to what
  // is allowed. Returns 0 or a negated errno (ENOMEM: the process has too many mappings).
  int open(uint64_t address);
  // Brings the host's protection of the valid pages of a range down to what is allowed now.
  int close(uint64_t address, uint64_t length);
  // Makes a range of valid pages inaccessible and keeps their contents: they are written out of the EPC. 0 or a
  // negated errno.
  int seal(uint64_t address, uint64_t length);
  // Takes a page's contents and accessibility away, for good: TRIM and EREMOVE. Should it be added again, it
  // reads as zero. 0 or a negated errno.
  int discard(uint64_t address);

  // Makes a range accessible to the host for as long as an enclave is built, so that pages are copied and
  // measured without a system call each; nobody can be inside yet. conceal() ends it. False: the host
  // refused.
  [[nodiscard]] bool expose(uint64_t address, uint64_t length);
  void conceal();

  // Copies to and from enclave memory whatever its protection. False: the host refused.
  [[nodiscard]] bool write(uint64_t address, const void* source, size_t size);
  [[nodiscard]] bool read(uint64_t address, void* destination, size_t size) const;

 private:
  struct Vma {
    uint64_t end;
    int protection;
  };
  using Vmas = std::map<uint64_t, Vma>;

  // The VMAs of [address, address + length) become one of `protection`; no protection: none.
  void replace(uint64_t address, uint64_t length, const Vma* vma);
  [[nodiscard]] Vmas::const_iterator find(uint64_t address) const;
  [[nodiscard]] bool may_map(uint64_t address, uint64_t length, int protection) const;
  // True if every page of the range has `bits` of host protection.
  [[nodiscard]] bool host_allows(uint64_t address, size_t size, int bits) const;

  // Puts guard markers into the window around `page`, if it can have them and is worth it.
  void guard_window(uint64_t page, uint64_t vma_start, uint64_t vma_end);
  // Makes [first, end), pages of one state, accessible. 0 or a negated errno.
  int open_run(uint64_t first, uint64_t end, int protection);

  Epcm& epcm_;
  Vmas vmas_;
  bool guards_ = true;  // until the kernel says that it has none
  uint64_t base_ = 0;
  uint64_t size_ = 0;
  int memory_ = -1;  // /proc/self/mem
  uint64_t exposed_ = 0;
  uint64_t exposed_size_ = 0;
};

}  // namespace twine::host::emulator

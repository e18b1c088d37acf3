// The enclave page cache (EPC) of the emulated machine: a number of 4 KiB pages that all its enclaves share,
// and what Linux does when they run out.
//
//   page                   taken                           given back
//   SECS                   ECREATE                         with the enclave
//   enclave page           EADD, EAUG, ELDU                EREMOVE, EWB, with the enclave
//   version array (VA)     one for every 512 pages of an   with the enclave
//                          enclave, its SECS among them
//
// Reclaim. Where no page is free, Linux's ksgxd writes pages of some enclave out to ordinary memory (EBLOCK,
// ETRACK, EWB), and the next access of one, or ENCLS on it, loads it again (ELDU), at the cost of another
// page. Here a page that is written out stays where it is, inaccessible to the enclave, with its EPCM entry
// and the mark `swapped`; what it no longer has is a place among the `capacity`. Victims are found by a clock
// hand with a second chance: it goes through the enclaves and, in each, through the linear addresses; a page
// that was opened since the hand last passed is passed over once. As in Linux, a reclaim takes up to 16
// pages, and never a SECS, a VA page or a TCS on which a thread is inside.
//
// With reclaim off, or nothing left to take, the page is refused: an ioctl answers ENOMEM, an access faults as
// a page that is not there, which is how Linux's SIGBUS arrives from the vDSO's entry function.
//
// One lock serialises the leaf functions of all enclaves on one EPC, because reclaim works on an enclave
// that the running leaf does not.
#pragma once

#include <cstdint>
#include <memory>

#include "host/emulator/spin_lock.h"

namespace twine::host::emulator {

// Who has pages in the EPC: an enclave.
class EpcTenant {
 public:
  EpcTenant() = default;
  EpcTenant(const EpcTenant&) = delete;
  EpcTenant& operator=(const EpcTenant&) = delete;
  virtual ~EpcTenant() = default;

  // Moves the clock hand on through this tenant's pages and writes out up to `wanted` of them. Returns how
  // many; fewer than `wanted` when the hand has come to the end, from where it starts again next time.
  virtual uint64_t evict(uint64_t wanted) = 0;
  // The machine has slept or moved: every page is gone.
  virtual void lose() = 0;

 private:
  friend class Epc;
  EpcTenant* next_ = nullptr;
};

class Epc {
 public:
  explicit Epc(uint64_t bytes, bool reclaim = true);

  // The EPC of this size and policy that the enclaves of this process share; it lives as long as one of them.
  static std::shared_ptr<Epc> of_machine(uint64_t bytes, bool reclaim);

  // Guards this object and everything of its tenants; signal handlers take it.
  SpinLock lock;

  // --- Under the lock.

  void join(EpcTenant& tenant);
  void leave(EpcTenant& tenant);  // nothing to do if it never joined

  // Takes one page, reclaiming others if it must. False: the EPC is exhausted.
  [[nodiscard]] bool take();
  void give(uint64_t pages = 1) { in_use_ -= pages; }

  [[nodiscard]] uint64_t capacity() const { return capacity_; }
  [[nodiscard]] uint64_t in_use() const { return in_use_; }
  [[nodiscard]] uint64_t evictions() const { return evictions_; }  // pages, since the start

  // --- Test hook: what suspend to memory or a migration of the virtual machine does. Takes the lock, with
  // all signals blocked.
  void lose_power();

 private:
  [[nodiscard]] bool reclaim();

  const uint64_t capacity_;
  const bool reclaims_;
  uint64_t in_use_ = 0;
  uint64_t evictions_ = 0;
  EpcTenant* tenants_ = nullptr;
  EpcTenant* hand_ = nullptr;  // the tenant that the clock hand is in
};

}  // namespace twine::host::emulator

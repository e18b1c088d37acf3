// One opened /dev/sgx_enclave as a program sees it: the ioctls by number, and the mapping calls in the program's
// own address space. What is behind it is the emulator's EnclaveDevice, which in-process emulation uses as well.
//
// Every function answers 0 (or an address) or a negated errno, those of Linux 6.1's arch/x86/kernel/cpu/sgx
// in its order: the state of the enclave, then the argument's memory (EFAULT), then its values.
//
// ELRANGE belongs to the emulator from the create ioctl on until the device is closed: pages keep their contents
// there while no VMA covers them. What the program believes to be mapped in it is kept in `mapped_`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "host/emulator/device.h"
#include "host/emulator/platform.h"
#include "host/emulator/spin_lock.h"
#include "host/preload/ranges.h"

namespace twine::host::preload {

class OpenDevice {
 public:
  OpenDevice(const emulator::Platform& platform, std::shared_ptr<emulator::Epc> epc);
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
  ~OpenDevice();

  // ioctl(2). `opens_provision` tells whether a descriptor is one of /dev/sgx_provision.
  int control(unsigned request, uint64_t argument, const std::function<bool(int)>& opens_provision);

  // mmap(2) of the device; `writable`: the descriptor was opened for writing.
  int64_t map(uint64_t address, uint64_t length, int protection, int flags, bool writable);

  // --- mmap(2) of something else with MAP_FIXED, mprotect(2), munmap(2) of a range.
  // Before create, when mappings of the device may be anywhere and nothing can be accessed in them:
  [[nodiscard]] bool has_elrange() const { return !device_->can_create(); }
  void forget(uint64_t address, uint64_t length);
  // False: the range is not all of this device's.
  bool protect_early(uint64_t address, uint64_t length, int protection);

  // With an ELRANGE, for ranges that touch it:
  [[nodiscard]] bool touches(uint64_t address, uint64_t length) const;
  // Only a reservation (PROT_NONE) can be put into ELRANGE.
  int64_t cover(uint64_t address, uint64_t length, int protection);
  int protect(uint64_t address, uint64_t length, int protection);
  int unmap(uint64_t address, uint64_t length);

  [[nodiscard]] bool has_mappings() const;

 private:
  int create(uint64_t argument);
  int init(uint64_t argument);
  int provision(uint64_t argument, const std::function<bool(int)>& opens_provision);
  template <typename Argument, typename Call>
  int change(bool state, uint64_t argument, const Call& call);

  [[nodiscard]] bool in_elrange(uint64_t address, uint64_t length) const;
  int64_t map_elsewhere(uint64_t address, uint64_t length, int flags) const;

  std::shared_ptr<emulator::Epc> epc_;
  std::unique_ptr<emulator::EnclaveDevice> device_;
  bool read_implies_exec_;  // of the process, which later may not be allowed to ask
  std::atomic<bool> in_ioctl_{false};
  emulator::SpinLock mapped_lock_;
  Ranges mapped_;
};

}  // namespace twine::host::preload

#include "host/preload/open_device.h"

#include <asm/sgx.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include "host/emulator/host_mappings.h"
#include "host/emulator/user_memory.h"

namespace twine::host::preload {

using emulator::copy_from_user;
using emulator::copy_to_user;

namespace {

constexpr uint64_t kPage = sgx::kEpcPageSize;

uint64_t whole_pages(uint64_t length) {
  return (length + kPage - 1) & ~(kPage - 1);
}

void* pointer(uint64_t address) {
  return std::bit_cast<void*>(address);
}

}  // namespace

OpenDevice::OpenDevice(const emulator::Platform& platform, std::shared_ptr<emulator::Epc> epc)
    : epc_(std::move(epc)),
      device_(std::make_unique<emulator::EnclaveDevice>(platform, *epc_)),
      read_implies_exec_((static_cast<unsigned>(personality(0xffffffff)) & READ_IMPLIES_EXEC) != 0) {}

OpenDevice::~OpenDevice() {
  device_.reset();
  // The emulator has given all of ELRANGE back; what the program has not unmapped stays its own reservation.
  constexpr int kReservation = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  for (const auto& [start, end] : mapped_) {
    // Another mapping may have come first; then the addresses are its own.
    static_cast<void>(mmap(pointer(start), end - start, PROT_NONE, kReservation, -1, 0));
  }
}

// --- ioctl
// ----------------------------------------------------------------------------------------------------------

int OpenDevice::create(uint64_t argument) {
  if (!device_->can_create()) return -EINVAL;
  sgx_enclave_create create{};
  if (!copy_from_user(&create, argument, sizeof create)) return -EFAULT;
  const std::vector<emulator::HostMapping> before = emulator::host_mappings(0, ~uint64_t{0});
  const int result = device_->create(create);
  if (result != 0) return result;
  const emulator::AddressSpace& memory = device_->enclave().memory;
  const uint64_t end = memory.base() + memory.size();
  const std::lock_guard guard(mapped_lock_);
  for (const emulator::HostMapping& each : before) {
    if (each.start < end && each.end > memory.base())
      mapped_.add(std::max(each.start, memory.base()), std::min(each.end, end));
  }
  // A child of fork(2) cannot use the enclave (docs/emulation.md): it shall not have half of one.
  madvise(pointer(memory.base()), memory.size(), MADV_DONTFORK);
  return 0;
}

int OpenDevice::init(uint64_t argument) {
  if (!device_->can_build()) return -EINVAL;
  sgx_enclave_init init{};
  if (!copy_from_user(&init, argument, sizeof init)) return -EFAULT;
  const int result = device_->init(init);
  return result > 0 ? -EPERM : result;  // EINIT's error code stays in the kernel
}

int OpenDevice::provision(uint64_t argument, const std::function<bool(int)>& opens_provision) {
  sgx_enclave_provision provision{};
  if (!copy_from_user(&provision, argument, sizeof provision)) return -EFAULT;
  return opens_provision(static_cast<int>(provision.fd)) ? device_->provision() : -EINVAL;
}

template <typename Argument, typename Call>
int OpenDevice::change(bool state, uint64_t argument, const Call& call) {
  if (!state) return -EINVAL;
  Argument copy{};
  if (!copy_from_user(&copy, argument, sizeof copy)) return -EFAULT;
  const int result = call(copy);
  // What the kernel refuses by its values it does not write back, but then nothing has changed.
  return copy_to_user(argument, &copy, sizeof copy) ? result : -EFAULT;
}

int OpenDevice::control(unsigned request, uint64_t argument,
                        const std::function<bool(int)>& opens_provision) {
  if (in_ioctl_.exchange(true)) return -EBUSY;
  int result = -ENOTTY;
  switch (request) {
    case SGX_IOC_ENCLAVE_CREATE:
      result = create(argument);
      break;
    case SGX_IOC_ENCLAVE_ADD_PAGES:
      result = change<sgx_enclave_add_pages>(device_->can_build(), argument,
                                             [&](auto& pages) { return device_->add_pages(pages); });
      break;
    case SGX_IOC_ENCLAVE_INIT:
      result = init(argument);
      break;
    case SGX_IOC_ENCLAVE_PROVISION:
      result = provision(argument, opens_provision);
      break;
    case SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS:
      result = change<sgx_enclave_restrict_permissions>(
          device_->runs(), argument, [&](auto& pages) { return device_->restrict_permissions(pages); });
      break;
    case SGX_IOC_ENCLAVE_MODIFY_TYPES:
      result = change<sgx_enclave_modify_types>(device_->runs(), argument,
                                                [&](auto& pages) { return device_->modify_types(pages); });
      break;
    case SGX_IOC_ENCLAVE_REMOVE_PAGES:
      result = change<sgx_enclave_remove_pages>(device_->runs(), argument,
                                                [&](auto& pages) { return device_->remove_pages(pages); });
      break;
    default:
      break;
  }
  in_ioctl_ = false;
  return result;
}

// --- Mappings
// -------------------------------------------------------------------------------------------------------

bool OpenDevice::in_elrange(uint64_t address, uint64_t length) const {
  const emulator::AddressSpace& memory = device_->enclave().memory;
  return memory.contains(address) && length <= memory.size() - (address - memory.base());
}

bool OpenDevice::touches(uint64_t address, uint64_t length) const {
  const emulator::AddressSpace& memory = device_->enclave().memory;
  return address < memory.base() + memory.size() && memory.base() < address + length;
}

void OpenDevice::forget(uint64_t address, uint64_t length) {
  static_cast<void>(device_->unmap(address, whole_pages(length)));  // what is no range has nothing to forget
}

bool OpenDevice::protect_early(uint64_t address, uint64_t length, int protection) {
  return device_->protect(address, whole_pages(length), protection) == 0;
}

bool OpenDevice::has_mappings() const {
  return device_->enclave().memory.has_vmas();
}

int64_t OpenDevice::map_elsewhere(uint64_t address, uint64_t length, int flags) const {
  // No page of an enclave is there, so no access can succeed.
  const int placed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
  void* const area =
      mmap(pointer(address), length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | placed, -1, 0);
  return area == MAP_FAILED ? -errno : std::bit_cast<int64_t>(area);
}

int64_t OpenDevice::map(uint64_t address, uint64_t length, int protection, int flags, bool writable) {
  const bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (length == 0 || (fixed && address % kPage != 0)) return -EINVAL;
  length = whole_pages(length);
  if ((protection & PROT_WRITE) != 0 && !writable) return -EACCES;
  if ((flags & MAP_TYPE) == MAP_PRIVATE) return -EINVAL;
  if (read_implies_exec_) return -EACCES;

  if (!has_elrange()) {
    const int64_t area = map_elsewhere(address, length, flags);
    if (area < 0) return area;
    const int result = device_->map(static_cast<uint64_t>(area), length, protection);
    return result == 0 ? area : result;
  }
  const std::lock_guard guard(mapped_lock_);
  const bool inside = address % kPage == 0 && in_elrange(address, length);
  if (inside && (flags & MAP_FIXED_NOREPLACE) != 0 && mapped_.overlaps(address, address + length))
    return -EEXIST;
  if (inside && (fixed || !mapped_.overlaps(address, address + length))) {
    const int result = device_->map(address, length, protection);
    if (result != 0) return result;
    mapped_.add(address, address + length);
    return static_cast<int64_t>(address);
  }
  if (device_->runs() || (fixed && touches(address, length))) return -EACCES;
  return map_elsewhere(address, length, flags);
}

int64_t OpenDevice::cover(uint64_t address, uint64_t length, int protection) {
  length = whole_pages(length);
  if (protection != PROT_NONE || !in_elrange(address, length)) return -ENOMEM;
  const std::lock_guard guard(mapped_lock_);
  const int result = device_->unmap(address, length);
  if (result != 0) return result;
  mapped_.add(address, address + length);
  return static_cast<int64_t>(address);
}

int OpenDevice::protect(uint64_t address, uint64_t length, int protection) {
  length = whole_pages(length);
  if (!in_elrange(address, length)) return -ENOMEM;
  const std::lock_guard guard(mapped_lock_);
  const int result = device_->protect(address, length, protection);
  // Some of it is no VMA of the enclave but the reservation around, which is inaccessible already.
  if (result == -ENOMEM && protection == PROT_NONE && mapped_.covers(address, address + length))
    return device_->map(address, length, PROT_NONE);
  return result;
}

int OpenDevice::unmap(uint64_t address, uint64_t length) {
  length = whole_pages(length);
  const std::lock_guard guard(mapped_lock_);
  const emulator::AddressSpace& memory = device_->enclave().memory;
  const uint64_t start = std::max(address, memory.base());
  const uint64_t end = std::min(address + length, memory.base() + memory.size());
  const int result = device_->unmap(start, end - start);
  if (result != 0) return result;
  mapped_.remove(start, end);
  if (start > address && munmap(pointer(address), start - address) != 0) return -errno;
  if (end < address + length && munmap(pointer(end), address + length - end) != 0) return -errno;
  return 0;
}

}  // namespace twine::host::preload

#include "host/emulator/device.h"

#include <sys/mman.h>

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>

#include "host/emulator/enclave_registry.h"
#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"
#include "host/emulator/sigstruct.h"
#include "host/emulator/user_memory.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;

namespace {

// SGX_ATTR_UNPRIV_MASK
constexpr uint64_t kUnprivilegedAttributes =
    sgx::kAttributeDebug | sgx::kAttributeMode64Bit | sgx::kAttributeKss | sgx::kAttributeAexNotify;

// Holds the enclave's lock with all signals blocked: a handler that interrupted the holder would wait for it
// for ever.
class Exclusive {
 public:
  explicit Exclusive(Enclave& enclave) : enclave_(enclave) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
    enclave_.lock.lock();
  }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;
  ~Exclusive() {
    enclave_.lock.unlock();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  Enclave& enclave_;
  sigset_t before_;
};

// What the driver demands of a SECINFO before EADD sees it.
bool valid_secinfo(const sgx::Secinfo& secinfo) {
  const uint64_t permissions = secinfo.flags & sgx::kSecinfoRwx;
  const PageType type = page_type(secinfo);
  if (type != PageType::reg && type != PageType::tcs) return false;
  if (writable_but_not_readable(permissions)) return false;
  if (type == PageType::tcs && permissions != 0) return false;
  if ((secinfo.flags & ~(sgx::kSecinfoRwx | sgx::kSecinfoPageTypeMask)) != 0) return false;
  return all_zero(secinfo.reserved);
}

int protection_of(const sgx::Secinfo& secinfo) {
  // The processor reads and writes a TCS although its permissions in the EPCM are none.
  if (page_type(secinfo) == PageType::tcs) return PROT_READ | PROT_WRITE;
  return ((secinfo.flags & sgx::kSecinfoR) != 0 ? PROT_READ : 0) |
         ((secinfo.flags & sgx::kSecinfoW) != 0 ? PROT_WRITE : 0) |
         ((secinfo.flags & sgx::kSecinfoX) != 0 ? PROT_EXEC : 0);
}

}  // namespace

EnclaveDevice::EnclaveDevice(const Platform& platform, Epc& epc)
    : enclave_(std::make_unique<Enclave>(platform, epc)), attributes_mask_(kUnprivilegedAttributes) {}

EnclaveDevice::~EnclaveDevice() {
  unregister_enclave(*enclave_);
}

Result<uint64_t> EnclaveDevice::reserve(uint64_t size) {
  return enclave_->memory.reserve(size);
}

bool EnclaveDevice::valid_range(uint64_t offset, uint64_t length) const {
  const uint64_t size = enclave_->secs.size;
  return offset % kEpcPageSize == 0 && length != 0 && length % kEpcPageSize == 0 && offset < size &&
         length <= size - offset;
}

int EnclaveDevice::create(const sgx_enclave_create& argument) {
  Enclave& enclave = *enclave_;
  if (enclave.created) return -EINVAL;
  auto secs = std::make_unique<sgx::Secs>();
  if (!copy_from_user(secs.get(), argument.src, sizeof *secs)) return -EFAULT;
  if (!std::has_single_bit(secs->size)) return -EINVAL;
  AddressSpace& memory = enclave.memory;
  // The reservation, if there is one, is the address range: elsewhere there is no memory to back the enclave.
  const bool reserved = memory.size() != 0;
  if (reserved && (secs->baseaddr != memory.base() || secs->size != memory.size())) return -EINVAL;

  const Exclusive exclusive(enclave);
  if (!enclave.take_epc_page()) return -ENOMEM;
  // A misaligned or too large range is ECREATE's to refuse.
  const bool placeable =
      secs->baseaddr % secs->size == 0 && secs->size <= enclave.platform.max_enclave_size();
  if (!reserved && placeable && memory.adopt(secs->baseaddr, secs->size) != 0) {
    enclave.epc.give();
    return -ENOMEM;
  }
  const sgx::Secinfo secinfo{.flags = sgx::secinfo_page_type(PageType::secs), .reserved = {}};
  if (!ecreate(enclave, *secs, secinfo).ok()) {
    enclave.epc.give();
    return -EIO;
  }
  if (!enclave.epcm.open(secs->baseaddr, secs->size)) return -ENOMEM;
  enclave.epc.join(enclave);
  if (!register_enclave(enclave)) return -ENOMEM;
  attributes_mask_ = kUnprivilegedAttributes;  // what `provision` allowed before is forgotten, as in Linux
  return 0;
}

int EnclaveDevice::add_page(uint64_t linaddr, uint64_t source, const sgx::Secinfo& secinfo, bool measure) {
  Enclave& enclave = *enclave_;
  alignas(16) std::array<uint8_t, kEpcPageSize> page;
  if (enclave.epcm.at(linaddr).valid) return -EBUSY;
  if (!copy_from_user(page.data(), source, page.size())) return -EFAULT;
  if (!enclave.take_epc_page()) return -ENOMEM;
  if (!eadd(enclave, linaddr, page, secinfo).ok()) {
    if (!enclave.epcm.at(linaddr).valid) enclave.epc.give();
    return -EIO;
  }
  enclave.epcm.at(linaddr).max_protection = static_cast<uint64_t>(protection_of(secinfo)) & 7;
  enclave.counters.pages_peak.store(enclave.resident_pages(), std::memory_order_relaxed);
  if (!measure) return 0;
  for (uint64_t chunk = 0; chunk < kEpcPageSize; chunk += sgx::kEextendChunk) {
    if (!eextend(enclave, linaddr + chunk).ok()) return -EIO;
  }
  return 0;
}

int EnclaveDevice::add_pages(sgx_enclave_add_pages& argument) {
  Enclave& enclave = *enclave_;
  if (!enclave.created || enclave.initialised()) return -EINVAL;
  if (argument.src % kEpcPageSize != 0 || !valid_range(argument.offset, argument.length)) return -EINVAL;
  sgx::Secinfo secinfo{};
  if (!copy_from_user(&secinfo, argument.secinfo, sizeof secinfo)) return -EFAULT;
  if (!valid_secinfo(secinfo)) return -EINVAL;

  const bool measure = (argument.flags & SGX_PAGE_MEASURE) != 0;
  const Exclusive exclusive(enclave);
  const uint64_t start = enclave.secs.baseaddr + argument.offset;
  if (!enclave.memory.expose(start, argument.length)) return -ENOMEM;
  int result = 0;
  argument.count = 0;
  while (argument.count < argument.length && result == 0) {
    result = add_page(start + argument.count, argument.src + argument.count, secinfo, measure);
    if (result == 0) argument.count += kEpcPageSize;
  }
  enclave.memory.conceal();
  return result;
}

int EnclaveDevice::init(const sgx_enclave_init& argument) {
  Enclave& enclave = *enclave_;
  if (!enclave.created || enclave.initialised()) return -EINVAL;
  auto sigstruct = std::make_unique<sgx::Sigstruct>();
  if (!copy_from_user(sigstruct.get(), argument.sigstruct, sizeof *sigstruct)) return -EFAULT;
  if (sigstruct->vendor != 0 && sigstruct->vendor != sgx::kSigstructVendorIntel) return -EINVAL;
  if ((enclave.secs.attributes.flags & ~attributes_mask_) != 0) return -EACCES;
  // A signature that demands what the platform does not have can never match.
  const Platform& platform = enclave.platform;
  const uint64_t demanded_flags = sigstruct->attributes.flags & sigstruct->attributemask.flags;
  const uint64_t demanded_xfrm = sigstruct->attributes.xfrm & sigstruct->attributemask.xfrm;
  if ((demanded_flags & ~(platform.supported_flags() | sgx::kAttributeInit)) != 0) return -EINVAL;
  if ((demanded_xfrm & ~platform.supported_xfrm()) != 0) return -EINVAL;
  if ((sigstruct->miscselect & sigstruct->miscmask & ~platform.supported_miscselect()) != 0) return -EINVAL;

  const Exclusive exclusive(enclave);
  // The kernel opens launch control to every signer by writing its hash to IA32_SGXLEPUBKEYHASH, and passes
  // no token.
  const std::array<uint8_t, 32> lepubkeyhash = sigstruct_mrsigner(*sigstruct);
  const sgx::Einittoken no_token{};
  const Outcome outcome = einit(enclave, *sigstruct, no_token, lepubkeyhash);
  if (outcome.kind == Outcome::Kind::error) return static_cast<int>(outcome.error);
  if (!outcome.ok()) return -EIO;
  return enclave.patches.apply(enclave) ? 0 : -EIO;
}

int EnclaveDevice::provision() {
  attributes_mask_ |= sgx::kAttributeProvisionKey;
  return 0;
}

int EnclaveDevice::restrict_permissions(sgx_enclave_restrict_permissions& argument) {
  Enclave& enclave = *enclave_;
  if (!enclave.created || !enclave.initialised()) return -EINVAL;
  if (!valid_range(argument.offset, argument.length)) return -EINVAL;
  if ((argument.permissions & ~sgx::kSecinfoRwx) != 0) return -EINVAL;
  if (writable_but_not_readable(argument.permissions)) return -EINVAL;
  if (argument.result != 0 || argument.count != 0) return -EINVAL;

  const sgx::Secinfo secinfo{.flags = argument.permissions, .reserved = {}};
  for (; argument.count < argument.length; argument.count += kEpcPageSize) {
    const uint64_t page = enclave.secs.baseaddr + argument.offset + argument.count;
    const Exclusive exclusive(enclave);
    const EpcmEntry& entry = enclave.epcm.at(page);
    if (!entry.valid || !enclave.reload(page).ok()) return -EFAULT;
    if (!entry.is(PageType::reg)) return -EINVAL;
    const Outcome outcome = emodpr(enclave, page, secinfo);
    if (!outcome.ok()) {
      argument.result = static_cast<uint64_t>(outcome.error);
      return -EFAULT;
    }
    enclave.epcm.at(page).tracked = 1;  // ETRACK and the interrupts that drive every thread out
  }
  return 0;
}

int EnclaveDevice::modify_types(sgx_enclave_modify_types& argument) {
  Enclave& enclave = *enclave_;
  if (!enclave.created || !enclave.initialised()) return -EINVAL;
  if (!valid_range(argument.offset, argument.length)) return -EINVAL;
  const auto type = static_cast<PageType>(argument.page_type);
  if (argument.page_type > 0xff || (type != PageType::tcs && type != PageType::trim)) return -EINVAL;
  if (argument.result != 0 || argument.count != 0) return -EINVAL;

  const sgx::Secinfo secinfo{.flags = sgx::secinfo_page_type(type), .reserved = {}};
  for (; argument.count < argument.length; argument.count += kEpcPageSize) {
    const uint64_t page = enclave.secs.baseaddr + argument.offset + argument.count;
    const Exclusive exclusive(enclave);
    const EpcmEntry& entry = enclave.epcm.at(page);
    if (!entry.valid || !enclave.reload(page).ok()) return -EFAULT;
    const bool legal = entry.is(PageType::reg) || (entry.is(PageType::tcs) && type == PageType::trim);
    if (!legal) return -EINVAL;
    constexpr uint64_t kTcsProtection = PROT_READ | PROT_WRITE;
    if (type == PageType::tcs && (entry.max_protection & kTcsProtection) != kTcsProtection) return -EPERM;
    const Outcome outcome = emodt(enclave, page, secinfo);
    if (!outcome.ok()) {
      argument.result = static_cast<uint64_t>(outcome.error);
      return -EFAULT;
    }
    if (type == PageType::tcs) enclave.epcm.at(page).max_protection = kTcsProtection;
    enclave.epcm.at(page).tracked = 1;
  }
  return 0;
}

int EnclaveDevice::remove_pages(sgx_enclave_remove_pages& argument) {
  Enclave& enclave = *enclave_;
  if (!enclave.created || !enclave.initialised()) return -EINVAL;
  if (!valid_range(argument.offset, argument.length)) return -EINVAL;
  if (argument.count != 0) return -EINVAL;
  for (; argument.count < argument.length; argument.count += kEpcPageSize) {
    const uint64_t page = enclave.secs.baseaddr + argument.offset + argument.count;
    const Exclusive exclusive(enclave);
    const EpcmEntry& entry = enclave.epcm.at(page);
    if (!entry.valid || !enclave.reload(page).ok()) return -EFAULT;
    // Only what the enclave has agreed to give up: trimmed, and accepted.
    if (!entry.is(PageType::trim) || entry.modified) return -EPERM;
    if (!eremove(enclave, page).ok()) return -EBUSY;
  }
  return 0;
}

bool EnclaveDevice::mappable(uint64_t address, uint64_t length) const {
  const AddressSpace& memory = enclave_->memory;
  if (address % kEpcPageSize != 0 || length == 0 || length % kEpcPageSize != 0) return false;
  if (memory.size() == 0) return length <= ~address;
  return enclave_->created && memory.contains(address) && length <= memory.size() - (address - memory.base());
}

int EnclaveDevice::map(uint64_t address, uint64_t length, int protection) {
  if (!mappable(address, length)) return -EINVAL;
  const Exclusive exclusive(*enclave_);
  return enclave_->memory.map(address, length, protection);
}

int EnclaveDevice::protect(uint64_t address, uint64_t length, int protection) {
  if (!mappable(address, length)) return -EINVAL;
  const Exclusive exclusive(*enclave_);
  return enclave_->memory.protect(address, length, protection);
}

int EnclaveDevice::unmap(uint64_t address, uint64_t length) {
  if (!mappable(address, length)) return -EINVAL;
  const Exclusive exclusive(*enclave_);
  return enclave_->memory.unmap(address, length);
}

}  // namespace twine::host::emulator

// One open file of the emulated /dev/sgx_enclave: what the Linux driver does around the ENCLS leaves.
//
// Argument checks, their order and their errnos follow the kernel's driver (Documentation/x86/sgx.rst and the
// ioctls' kernel-doc), so that software written for it finds the same device. Results are 0 or a negated
// errno; init alone gives the positive SGX error code of EINIT, for which the kernel says -EPERM. All signals
// are blocked while a call works, because signal handlers take the same lock.
#pragma once

#include <asm/sgx.h>

#include <cstdint>
#include <memory>

#include "host/emulator/enclave.h"

namespace twine::host::emulator {

class EnclaveDevice {
 public:
  EnclaveDevice(const Platform& platform, Epc& epc);
  EnclaveDevice(const EnclaveDevice&) = delete;
  EnclaveDevice& operator=(const EnclaveDevice&) = delete;
  ~EnclaveDevice();

  // The address range of in-process emulation, before create. Without it create takes the one that SECS names.
  [[nodiscard]] Result<uint64_t> reserve(uint64_t size);

  int create(const sgx_enclave_create& argument);
  int add_pages(sgx_enclave_add_pages& argument);
  int init(const sgx_enclave_init& argument);
  int provision();  // the caller has shown that it may open /dev/sgx_provision
  int restrict_permissions(sgx_enclave_restrict_permissions& argument);
  int modify_types(sgx_enclave_modify_types& argument);
  int remove_pages(sgx_enclave_remove_pages& argument);

  // States in which the driver takes the ioctls that build an enclave, and those that change one that runs. It
  // looks at them before it looks at the argument.
  [[nodiscard]] bool can_create() const { return !enclave_->created; }
  [[nodiscard]] bool can_build() const { return enclave_->created && !enclave_->initialised(); }
  [[nodiscard]] bool runs() const { return enclave_->created && enclave_->initialised(); }

  // Of whole pages; before create anywhere, afterwards in ELRANGE.
  int map(uint64_t address, uint64_t length, int protection);
  int protect(uint64_t address, uint64_t length, int protection);
  int unmap(uint64_t address, uint64_t length);

  [[nodiscard]] Enclave& enclave() { return *enclave_; }
  [[nodiscard]] const Enclave& enclave() const { return *enclave_; }

 private:
  [[nodiscard]] bool valid_range(uint64_t offset, uint64_t length) const;
  [[nodiscard]] bool mappable(uint64_t address, uint64_t length) const;
  int add_page(uint64_t linaddr, uint64_t source, const sgx::Secinfo& secinfo, bool measure);

  std::unique_ptr<Enclave> enclave_;
  uint64_t attributes_mask_;  // ATTRIBUTES that this file's enclave may have
};

}  // namespace twine::host::emulator

// The memory side of host calls (hostcall.def, pages_*), done by the SGX driver.
#pragma once

#include "host/image/enclave.h"
#include "host/launch/thread_slots.h"
#include "host/services/services.h"

namespace twine::host {

// Serves one enclave. The driver judges what the enclave may have; here only the range is made sure of: whole
// pages inside ELRANGE, so that no wish can reach the host's own memory.
class EnclavePages final : public PageService {
 public:
  // Both must outlive the object. Without `slots`, threads that the enclave adds are never entered.
  explicit EnclavePages(image::Enclave& enclave, ThreadSlots* slots = nullptr)
      : enclave_(enclave), slots_(slots) {}

  wasi::IoResult<void> open(uint64_t offset, uint64_t length, uint32_t protection) override;
  wasi::IoResult<void> close(uint64_t offset, uint64_t length) override;
  wasi::IoResult<void> trim(uint64_t offset, uint64_t length) override;
  wasi::IoResult<void> remove(uint64_t offset, uint64_t length) override;
  wasi::IoResult<void> restrict(uint64_t offset, uint64_t length, uint32_t protection) override;
  wasi::IoResult<void> make_thread(uint64_t offset) override;
  void thread_ready(uint64_t offset) override;

 private:
  [[nodiscard]] bool inside(uint64_t offset, uint64_t length) const;

  image::Enclave& enclave_;
  ThreadSlots* slots_;
};

}  // namespace twine::host

#include "host/emulator/enclave.h"

#include <sched.h>
#include <sys/mman.h>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;

void SpinLock::lock() noexcept {
  // The holder may have been preempted: after a few tries give it the processor.
  for (int tries = 0; held_.test_and_set(std::memory_order_acquire); ++tries) {
    if (tries % 64 == 63)
      sched_yield();
    else
      __builtin_ia32_pause();
  }
}

Enclave::~Enclave() {
  epc.release(epcm.pages() + (created ? 1 : 0));
}

namespace {

uint32_t pagefault_code(Access kind) {
  return sgx::kPagefaultUser | (kind == Access::write ? sgx::kPagefaultWrite : 0) |
         (kind == Access::fetch ? sgx::kPagefaultFetch : 0);
}

}  // namespace

Outcome Enclave::resolve(uint64_t address, Access kind) {
  const int protection = memory.vma_protection(address);
  // What can be accessed at all can be read: the page tables have no bit for it.
  const bool allowed = kind == Access::write   ? (protection & PROT_WRITE) != 0
                       : kind == Access::fetch ? (protection & PROT_EXEC) != 0
                                               : protection != PROT_NONE;
  const uint32_t code = pagefault_code(kind);
  if (epcm.at(address).valid) return allowed ? done() : page_fault(address, code | sgx::kPagefaultPresent);
  if (!allowed || !initialised()) return page_fault(address, code);
  // The kernel takes the #PF, adds the page and resumes; the access then meets a page that is pending.
  if (!eaug(*this, address & ~(kEpcPageSize - 1)).ok()) return page_fault(address, code);
  counters.asynchronous_exits.fetch_add(1, std::memory_order_relaxed);
  counters.resumes.fetch_add(1, std::memory_order_relaxed);
  return done();
}

Outcome Enclave::access(uint64_t address, Access kind) {
  TWINE_SGX_CHECK(resolve(address, kind));
  const int wanted = kind == Access::write ? PROT_WRITE : kind == Access::fetch ? PROT_EXEC : PROT_READ;
  const uint32_t code = pagefault_code(kind);
  const int allowed = memory.effective_protection(address);
  if ((allowed & wanted) == 0) return page_fault(address, code | sgx::kPagefaultPresent | sgx::kPagefaultSgx);
  if ((static_cast<int>(epcm.at(address).host_protection) & wanted) == 0 && memory.open(address) != 0) {
    return page_fault(address, code);
  }
  return done();
}

Outcome Enclave::read_operand(uint64_t address, void* destination, size_t size) {
  TWINE_SGX_CHECK(access(address, Access::read));
  return memory.read(address, destination, size) ? done() : epcm_fault(address);
}

Outcome Enclave::write_operand(uint64_t address, const void* source, size_t size) {
  TWINE_SGX_CHECK(access(address, Access::write));
  return memory.write(address, source, size) ? done() : epcm_fault(address, true);
}

}  // namespace twine::host::emulator

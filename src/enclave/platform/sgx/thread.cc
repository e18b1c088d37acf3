// The thread that runs, and the range it may call its own.
#include "enclave/platform/sgx/thread.h"

#include "enclave/platform/platform.h"
#include "enclave/platform/thread_block.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {

void exit_host_call() {
  twine_exit_host_call();
}

Arena arena() {
  return this_thread().arena;
}

uint64_t current_thread_block() {
  return thread_block_base(this_thread());
}

bool is_inside(uint64_t address, uint64_t size) {
  const uint64_t base = enclave_base();
  return address >= base && size <= kImage.elrange_size && address - base <= kImage.elrange_size - size;
}

bool is_outside(uint64_t address, uint64_t size) {
  const uint64_t base = enclave_base();
  uint64_t end = 0;
  if (__builtin_add_overflow(address, size, &end)) return false;
  return end <= base || address >= base + kImage.elrange_size;
}

}  // namespace twine::enclave

// From the first instruction in C++ to the runtime: what has to be true before any other code of the enclave runs, in order.
//
//   relocation            needs nothing
//   canary, TLS           the stack protector, thread_local
//   arena                 now panic() can say why
//   identity              a REPORT of ourselves: is this the enclave the image was built to be?
//   memory                heap, page ledger, guest stack (host calls)
//   processor features    CPUID table (host calls), checked against XFRM
//   static constructors
//   twine::enclave_main() the launch (runtime/)
#include "enclave/start/start.h"

#include <atomic>
#include <bit>
#include <cstring>

#include "enclave/crypto/start_crypto.h"
#include "enclave/memory/start_memory.h"
#include "enclave/platform/cpu.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/identity.h"
#include "enclave/platform/sgx/random.h"
#include "enclave/platform/sgx/thread.h"
#include "enclave/start/relocate.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {
namespace {

// A launch starts on one thread, once. Claimed before anything is written: a second thread that the host sends in while the first
// starts, and holds back in the middle, must not relocate the image under the first one.
constinit std::atomic<bool> started = false;

// Variant II of thread-local storage: the block ends where FS points. Its page was added zeroed.
void set_up_tls(ThreadControlBlock& thread) {
  const auto size = static_cast<uint64_t>(__tls_end - __tls_begin);
  const auto initialised = static_cast<uint64_t>(__tls_data_end - __tls_begin);
  constexpr uint64_t kAlignment = 64;  // image.ld gives the segment at most this
  const uint64_t begin =
      reinterpret_cast<uint64_t>(&thread) - (size + kAlignment - 1) / kAlignment * kAlignment;
  std::memcpy(std::bit_cast<void*>(begin), __tls_begin, initialised);
}

void set_up_arena(ThreadControlBlock& thread, uint64_t address, uint64_t size) {
  // Only the part the protocol knows is used, however much more the host offers.
  if (size < kArenaSize || address % kArenaAlignment != 0 || !is_outside(address, size)) {
    host_attack("the arena is too small, not aligned, or not wholly outside the enclave");
  }
  thread.arena = {.address = address, .size = kArenaSize};
}

[[noreturn, gnu::noinline]] void launch(ThreadControlBlock& thread, uint64_t arena_address,
                                        uint64_t arena_size, bool first) {
  set_up_tls(thread);
  set_up_arena(thread, arena_address, arena_size);
  if (!first) host_attack("the enclave was started on a second thread, which no guest asked for");
  check_identity();
  open_memory();
  check_cpu();
  start_crypto();
  for (const InitFunction* function = __init_array_begin; function != __init_array_end; ++function)
    (*function)();
  const int64_t result = enclave_main();
  twine_exit(ExitReason::finished, result);
}

}  // namespace

// Without a stack protector: its canary changes here.
extern "C" [[gnu::no_stack_protector]] void twine_start(ThreadControlBlock* thread, uint64_t arena_address,
                                                        uint64_t arena_size) {
  const bool first = !started.exchange(true);
  if (first) relocate();
  thread->tcs = reinterpret_cast<uint64_t>(thread) - kThreadBlock.tcb;
  thread->canary = random_word() & ~uint64_t{0xff};  // a NUL at its lowest byte stops string functions
  launch(*thread, arena_address, arena_size, first);
}

}  // namespace twine::enclave

// From the first instruction in C++ to the runtime: what has to be true before any other code of the enclave runs, in order.
//
//   relocation            needs nothing
//   canary, TLS           the stack protector, thread_local
//   arena                 now panic() can say why
//   identity              a REPORT of ourselves: is this the enclave the image was built to be?
//   memory                heap, page ledger (host calls)
//   processor features    CPUID table (host calls), checked against XFRM
//   static constructors
// and then, of every launch:
//   thread                guest stack; one more thread if this was the last (host calls)
//   twine::enclave_main() the launch (runtime/)
#include "enclave/start/start.h"

#include <atomic>
#include <bit>
#include <cstring>

#include "enclave/crypto/start_crypto.h"
#include "enclave/memory/start_memory.h"
#include "enclave/memory/threads.h"
#include "enclave/platform/cpu.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/identity.h"
#include "enclave/platform/sgx/random.h"
#include "enclave/platform/sgx/thread.h"
#include "enclave/start/relocate.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {
namespace {

// The first thread sets the enclave up. Claimed before anything is written: a second thread that the host sends in while the first
// starts, and holds back in the middle, must not relocate the image under the first one. It is sent away until the enclave is ready.
enum class Phase : uint32_t { cold, starting, ready };
constinit std::atomic<Phase> phase = Phase::cold;

// Variant II of thread-local storage: the block ends where FS points.
void set_up_tls(ThreadControlBlock& thread) {
  const auto size = static_cast<uint64_t>(__tls_end - __tls_begin);
  const auto initialised = static_cast<uint64_t>(__tls_data_end - __tls_begin);
  constexpr uint64_t kAlignment = 64;  // image.ld gives the segment at most this
  const uint64_t begin =
      reinterpret_cast<uint64_t>(&thread) - (size + kAlignment - 1) / kAlignment * kAlignment;
  std::memcpy(std::bit_cast<void*>(begin), __tls_begin, initialised);
  std::memset(std::bit_cast<void*>(begin + initialised), 0, size - initialised);  // of the launch before
}

void set_up_arena(ThreadControlBlock& thread, uint64_t address, uint64_t size) {
  // Only the part the protocol knows is used, however much more the host offers.
  if (size < kArenaSize || address % kArenaAlignment != 0 || !is_outside(address, size)) {
    host_attack("the arena is too small, not aligned, or not wholly outside the enclave");
  }
  thread.arena = {.address = address, .size = kArenaSize};
}

void set_up_enclave() {
  check_identity();
  open_memory();
  check_cpu();
  start_crypto();
  for (const InitFunction* function = __init_array_begin; function != __init_array_end; ++function)
    (*function)();
  phase.store(Phase::ready);
}

[[noreturn, gnu::noinline]] void launch(ThreadControlBlock& thread, uint64_t arena_address,
                                        uint64_t arena_size, bool first) {
  set_up_tls(thread);
  set_up_arena(thread, arena_address, arena_size);
  thread.spurious_fault_page = 0;
  if (first) set_up_enclave();
  begin_thread();
  const int64_t result = enclave_main();
  end_thread();
  twine_exit(ExitReason::finished, result);
}

}  // namespace

// Without a stack protector: its canary changes here.
extern "C" [[gnu::no_stack_protector]] void twine_start(ThreadControlBlock* thread, uint64_t arena_address,
                                                        uint64_t arena_size) {
  Phase found = Phase::cold;
  const bool first = phase.compare_exchange_strong(found, Phase::starting);
  if (found == Phase::starting) twine_exit(ExitReason::not_ready, 0);
  if (first) relocate();
  thread->tcs = reinterpret_cast<uint64_t>(thread) - kThreadBlock.tcb;
  thread->canary = random_word() & ~uint64_t{0xff};  // a NUL at its lowest byte stops string functions
  launch(*thread, arena_address, arena_size, first);
}

}  // namespace twine::enclave

// The end of the enclave, and what the host did to deserve it.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "enclave/hostcall/untrusted.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/thread.h"

namespace twine::enclave {
namespace {

constexpr size_t kMaxReason = 512;  // the rest is cut

// Two parts, so that nothing needs to be allocated to join them.
[[noreturn]] void die(std::string_view first, std::string_view second, ExitReason exit = ExitReason::dead) {
  const bool was_aborted = __atomic_exchange_n(&twine_aborted, 1, __ATOMIC_SEQ_CST) != 0;
  const Arena shared = this_thread().arena;
  if (!was_aborted && shared.size != 0) {
    std::array<char, kMaxReason + 1> reason{};
    const size_t cut = std::min(first.size(), kMaxReason);
    std::memcpy(reason.data(), first.data(), cut);
    std::memcpy(reason.data() + cut, second.data(), std::min(second.size(), kMaxReason - cut));
    UntrustedMemory(shared.address, shared.size).copy_out(kArenaDataOffset, std::as_bytes(std::span(reason)));
  }
  twine_exit(was_aborted ? ExitReason::dead : exit, 0);
}

}  // namespace

void panic(std::string_view reason) {
  die(reason, {});
}

void panic_starved(std::string_view reason) {
  die(reason, {}, ExitReason::starved);
}

void host_attack(std::string_view what) {
  die("host attack: ", what);
}

extern "C" void twine_entry_violation(EntryViolation violation) {
  switch (violation) {
    case EntryViolation::not_idle:
      host_attack("the enclave was started on a thread that has already been started");
    case EntryViolation::no_host_call:
      host_attack("the host returned from a host call that was not made");
    case EntryViolation::not_an_exception:
      host_attack(
          "the enclave was entered in the middle of an interrupted thread, not to handle an exception");
    case EntryViolation::bad_reason:
      break;
  }
  host_attack("the enclave was entered for an unknown reason");
}

}  // namespace twine::enclave

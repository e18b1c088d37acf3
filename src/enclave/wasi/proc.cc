// proc_* and sched_*.

#include "enclave/hostcall/hostcalls.h"
#include "enclave/wasi/functions.h"

namespace twine::wasi {

HostOutcome proc_exit(HostCallFrame& frame) {
  return HostOutcome::exited(frame.i32(0));
}

Outcome<void> proc_raise(Call& /*call*/, uint32_t /*sig*/) {
  return std::unexpected(Errno::notsup);  // there are no signals; wasi-libc raises none by this
}

Outcome<void> sched_yield(Call& /*call*/) {
  TWINE_TRY(hostcall::yield());
  return {};
}

}  // namespace twine::wasi

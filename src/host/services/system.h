// System calls with their errors as WASI has them.
#pragma once

#include <cerrno>
#include <csignal>
#include <expected>
#include <utility>

#include "common/wasi_types.h"

namespace twine::host {

// `io` for an errno that WASI does not know.
wasi::Errno to_wasi(int linux_errno);

inline std::unexpected<wasi::Errno> system_error() {
  return std::unexpected(to_wasi(errno));
}

// Set by a signal handler: this thread's launch is over (launch/deadline.h), and calls that a signal interrupts are not to go on.
inline constinit thread_local volatile std::sig_atomic_t deadline_has_passed = 0;

// What breaks off a call of a thread whose launch is over. Real-time signals of high number are nobody's; the emulator's storm has the
// one above.
inline int deadline_signal() {
  return SIGRTMAX - 3;
}

// Calls `function` until it is not interrupted by a signal; a negative result becomes an error.
template <typename Function>
auto retrying(Function&& function) -> wasi::IoResult<decltype(function())> {
  for (;;) {
    const auto result = function();
    if (result >= 0) return result;
    if (errno != EINTR || deadline_has_passed != 0) return system_error();
  }
}

}  // namespace twine::host

// proc_* and sched_*.

#include "enclave/hostcall/hostcalls.h"
#include "enclave/wasi/functions.h"

namespace twine::wasi {

HostOutcome proc_exit(HostCallFrame& frame) {
  return HostOutcome::exited(frame.i32(0));
}

namespace {

// signal of witx, as far as it is named here. Up to `term` the numbers are Linux's; from `chld` on Linux's are
// one more.
enum Signal : uint32_t {
  kNone = 0,
  kTerm = 15,
  kChld = 16,
  kCont = 17,
  kStop = 18,
  kTtou = 21,
  kUrg = 22,
  kWinch = 27
};
constexpr uint32_t kSignalCount = 31;

}  // namespace

// A guest has no handlers, so each signal does what POSIX has it do by default.
HostOutcome proc_raise(HostCallFrame& frame) {
  const uint32_t signal = frame.i32(0);
  const auto answer = [&frame](Errno error) {
    frame.return_i32(static_cast<uint32_t>(error));
    return HostOutcome::returned();
  };
  if (signal >= kSignalCount) return answer(Errno::inval);
  if (signal == kNone || signal == kChld || signal == kCont || signal == kUrg || signal == kWinch) {
    return answer(Errno::success);
  }
  // Nobody could make a stopped program go on.
  if (signal >= kStop && signal <= kTtou) return answer(Errno::notsup);
  // The status that a shell tells of a program that a signal ended.
  return HostOutcome::exited(128 + signal + (signal > kTerm ? 1 : 0));
}

Outcome<void> sched_yield(Call& /*call*/) {
  TWINE_TRY(hostcall::yield());
  return {};
}

}  // namespace twine::wasi

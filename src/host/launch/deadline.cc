#include "host/launch/deadline.h"

#include <ucontext.h>
#include <unistd.h>
#include <ctime>

#include <cerrno>
#include <cstring>
#include <string>

#include "host/services/system.h"

namespace twine::host {
namespace {

constexpr std::chrono::nanoseconds kRingInterval = std::chrono::milliseconds(10);
constexpr int kGraceRings = 10;
constexpr int kLastRings = 100;

// Read and written by the thread and by its own signal handler.
struct Ringing {
  sgx::EnclaveThread* thread = nullptr;
  volatile std::sig_atomic_t rings = 0;
  volatile std::sig_atomic_t was_last = 0;
};
constinit thread_local Ringing ringing{};

void on_ring(int /*signal*/, siginfo_t* /*info*/, void* context) {
  if (ringing.thread == nullptr) return;  // it was pending when the launch ended
  if (ringing.rings < kLastRings) {
    ringing.rings = ringing.rings + 1;
  } else {
    ringing.was_last = 1;
  }
  if (ringing.rings >= kGraceRings) deadline_has_passed = 1;
  ringing.thread->divert(*static_cast<ucontext_t*>(context));
}

timespec to_timespec(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {.tv_sec = seconds.count(), .tv_nsec = (duration - seconds).count()};
}

std::unexpected<Error> no_timer() {
  return fail(ErrorCode::internal, std::string("no timer for --timeout: ") + std::strerror(errno));
}

}  // namespace

Result<std::unique_ptr<Deadline>> Deadline::start(sgx::Driver& driver, sgx::EnclaveThread& thread,
                                                  std::chrono::nanoseconds timeout) {
  struct sigaction action{};
  action.sa_sigaction = on_ring;
  action.sa_flags = SA_SIGINFO;  // without SA_RESTART: blocking calls are to be broken off
  sigfillset(&action.sa_mask);
  if (driver.set_signal_action(deadline_signal(), &action, nullptr) != 0) return no_timer();
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = deadline_signal();
  event._sigev_un._tid = gettid();
  std::unique_ptr<Deadline> deadline(new Deadline);
  if (timer_create(CLOCK_MONOTONIC, &event, &deadline->timer_) != 0) return no_timer();
  ringing.thread = &thread;
  ringing.rings = 0;
  deadline_has_passed = 0;
  ringing.was_last = 0;
  thread.stop_when(ringing.was_last);
  const itimerspec times{.it_interval = to_timespec(kRingInterval), .it_value = to_timespec(timeout)};
  timer_settime(deadline->timer_, 0, &times, nullptr);
  return deadline;
}

Deadline::~Deadline() {
  timer_delete(timer_);
  ringing.thread = nullptr;
  deadline_has_passed = 0;
}

}  // namespace twine::host

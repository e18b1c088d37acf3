#include "host/emulator/aex_storm.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>

#include "host/emulator/signals.h"
#include "host/emulator/trap_entry.h"

namespace twine::host::emulator {
namespace {

// Not SIGALRM, which programs use; real-time signals of high number are nobody's.
int storm_signal() {
  return SIGRTMAX - 2;
}

// Read and written by the thread and by its own signal handler.
struct ThreadTimer {
  timer_t timer;
  bool made;
  volatile sig_atomic_t armed;
  uint32_t low_us;
  uint32_t high_us;
  uint64_t random;  // state of xorshift64
};
constinit thread_local ThreadTimer this_timer{};

// Deletes the timer with its thread.
struct TimerOwner {
  TimerOwner() = default;
  TimerOwner(const TimerOwner&) = delete;
  TimerOwner& operator=(const TimerOwner&) = delete;
  ~TimerOwner() {
    if (this_timer.made) timer_delete(this_timer.timer);
    this_timer.made = false;
  }
};

uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

void set_timer() {
  const uint64_t span = uint64_t{this_timer.high_us} - this_timer.low_us + 1;
  const uint64_t us = this_timer.low_us + next_random(this_timer.random) % span;
  const itimerspec once{.it_interval = {},
                        .it_value = {.tv_sec = static_cast<time_t>(us / 1'000'000),
                                     .tv_nsec = static_cast<long>(us % 1'000'000 * 1'000)}};
  this_timer.armed = 1;  // first: it may ring before the call returns
  if (timer_settime(this_timer.timer, 0, &once, nullptr) != 0) this_timer.armed = 0;
}

void on_timer(int /*signal*/, siginfo_t* /*info*/, void* context) {
  if (!this_timer.made) return;  // it was pending when the timer went
  this_timer.armed = 0;
  const auto rip = static_cast<uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
  if (rip == reinterpret_cast<uint64_t>(&twine_emulator_enclu)) set_timer();
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_timer;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    set_signal_action(storm_signal(), &action, nullptr);
  });
}

void make_timer(const AexStorm& storm) {
  static thread_local TimerOwner owner;
  static_cast<void>(owner);  // its construction registers its destructor
  install_handler();
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = storm_signal();
  event._sigev_un._tid = gettid();
  if (timer_create(CLOCK_MONOTONIC, &event, &this_timer.timer) != 0) return;
  this_timer.low_us = storm.low_us;
  this_timer.high_us = storm.high_us;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  this_timer.random =
      static_cast<uint64_t>(now.tv_nsec) * 0x9e3779b97f4a7c15 + static_cast<uint64_t>(gettid()) + 1;
  this_timer.made = true;
}

std::optional<uint32_t> microseconds(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > 1'000'000)
    return std::nullopt;
  return value;
}

}  // namespace

Result<std::optional<AexStorm>> AexStorm::from_environment() {
  const char* const text = std::getenv("TWINE_AEX_STORM");
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::string_view range = text;
  const size_t dash = range.find('-');
  const auto low = microseconds(range.substr(0, dash));
  const auto high = dash == range.npos ? low : microseconds(range.substr(dash + 1));
  if (!low || !high || *high < *low) {
    return fail(ErrorCode::invalid_argument,
                "TWINE_AEX_STORM='" + std::string(range) +
                    "' is not of the form LOW-HIGH, microseconds from 1 to 1000000");
  }
  int log = -1;
  if (const char* const path = std::getenv("TWINE_AEX_STORM_LOG"); path != nullptr && *path != '\0') {
    log = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0)
      return fail(ErrorCode::io, std::string("TWINE_AEX_STORM_LOG: ") + path + ": " + std::strerror(errno));
  }
  return AexStorm{.low_us = *low, .high_us = *high, .log = log};
}

void AexStorm::arm() const {
  if (!this_timer.made) make_timer(*this);
  if (this_timer.made && this_timer.armed == 0) set_timer();
}

void AexStorm::record(uint64_t exits, uint64_t interrupts) const {
  if (log < 0) return;
  const std::string line = std::to_string(exits) + " " + std::to_string(interrupts) + "\n";
  // One write: a whole line whoever else appends.
  static_cast<void>(!::write(log, line.data(), line.size()));
  ::close(log);
}

}  // namespace twine::host::emulator

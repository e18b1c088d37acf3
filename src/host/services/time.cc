// Clocks, and waiting for time or files.

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "host/services/services_impl.h"
#include "host/services/system.h"

namespace twine::host {

namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::array<clockid_t, wasi::kClockCount> kClocks = {
    CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};

uint64_t nanoseconds(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * kNanosecondsPerSecond + static_cast<uint64_t>(time.tv_nsec);
}

timespec to_timespec(uint64_t nanoseconds) {
  return {.tv_sec = static_cast<time_t>(nanoseconds / kNanosecondsPerSecond),
          .tv_nsec = static_cast<int64_t>(nanoseconds % kNanosecondsPerSecond)};
}

uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return nanoseconds(time);
}

hostcall::PollEvent to_event(const pollfd& polled) {
  hostcall::PollEvent event{};
  if ((polled.revents & POLLNVAL) != 0) {
    return {.ready = hostcall::kPollError, .error = static_cast<uint32_t>(wasi::Errno::badf), .bytes = 0};
  }
  // An error makes the file ready: the read or write that follows tells which it is.
  const bool ended = (polled.revents & (POLLHUP | POLLERR)) != 0;
  if ((polled.events & POLLIN) != 0 && ((polled.revents & POLLIN) != 0 || ended))
    event.ready |= hostcall::kPollRead;
  if ((polled.events & POLLOUT) != 0 && ((polled.revents & POLLOUT) != 0 || ended))
    event.ready |= hostcall::kPollWrite;
  if ((polled.revents & POLLHUP) != 0) event.ready |= hostcall::kPollHangup;
  int available = 0;
  if ((event.ready & hostcall::kPollRead) != 0 && ioctl(polled.fd, FIONREAD, &available) == 0 &&
      available > 0) {
    event.bytes = static_cast<uint64_t>(available);
  }
  return event;
}

}  // namespace

IoResult<uint64_t> Services::Impl::clock_time(uint32_t clock) {
  if (clock >= kClocks.size()) return std::unexpected(wasi::Errno::inval);
  timespec time{};
  const auto done = retrying([&] { return clock_gettime(kClocks[clock], &time); });
  if (!done) return std::unexpected(done.error());
  return nanoseconds(time);
}

IoResult<uint64_t> Services::Impl::clock_resolution(uint32_t clock) {
  if (clock >= kClocks.size()) return std::unexpected(wasi::Errno::inval);
  timespec resolution{};
  const auto done = retrying([&] { return clock_getres(kClocks[clock], &resolution); });
  if (!done) return std::unexpected(done.error());
  return std::clamp(nanoseconds(resolution), uint64_t{1}, kNanosecondsPerSecond);
}

IoResult<uint64_t> Services::Impl::yield() {
  sched_yield();
  return 0;
}

IoResult<uint64_t> Services::Impl::poll(std::span<const hostcall::PollInterest> interests, uint64_t timeout,
                                        std::span<hostcall::PollEvent> events) {
  if (interests.size() != events.size() || interests.size() > hostcall::kMaxPollEntries) {
    return std::unexpected(wasi::Errno::inval);
  }
  std::vector<pollfd> polled(interests.size());
  std::vector<std::shared_ptr<OpenFile>> in_use;  // so that nobody closes them meanwhile
  bool has_unknown = false;
  for (size_t i = 0; i < interests.size(); ++i) {
    auto file = handles_.find(interests[i].handle);
    polled[i].events = interests[i].interest == hostcall::kPollWrite ? POLLOUT : POLLIN;
    polled[i].fd = file ? (*file)->fd() : -1;
    if (file) {
      in_use.push_back(std::move(*file));
    } else {
      has_unknown = true;  // an event of its own, and no reason to wait
    }
  }
  const bool endless = timeout == hostcall::kNoTimeout && !has_unknown;
  const uint64_t wait = has_unknown ? 0 : timeout;
  const uint64_t start = now();
  for (;;) {
    const uint64_t passed = now() - start;
    const timespec left = to_timespec(wait - std::min(wait, passed));
    if (::ppoll(polled.data(), polled.size(), endless ? nullptr : &left, nullptr) >= 0) break;
    if (errno != EINTR || deadline_has_passed != 0) return system_error();
  }
  uint64_t ready = 0;
  for (size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].fd < 0) polled[i].revents = POLLNVAL;
    events[i] = to_event(polled[i]);
    if (events[i].ready != 0) ++ready;
  }
  return ready;
}

}  // namespace twine::host

// poll_oneoff: waiting for time and for descriptors.
//
// The host is asked to wait, but never believed about time: a timer has run out when the clock inside says
// so, and a host that comes back early is asked again. What it says about descriptors is a hint that the read
// or write that follows puts right.

#include <algorithm>
#include <limits>
#include <vector>

#include "enclave/hostcall/clocks.h"
#include "enclave/wasi/functions.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi {

namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

uint64_t saturating_add(uint64_t a, uint64_t b) {
  return a > kNever - b ? kNever : a + b;
}

Event event_of(const Subscription& subscription) {
  return {.userdata = subscription.userdata,
          .error = Errno::success,
          .type = static_cast<Eventtype>(subscription.tag),
          .padding0 = {},
          .nbytes = 0,
          .flags = 0,
          .padding1 = {}};
}

// One call's subscriptions, sorted by who answers them.
class Poll {
 public:
  explicit Poll(const Call& call) : call_(call) {}

  Outcome<void> add(const Subscription& subscription) {
    switch (static_cast<Eventtype>(subscription.tag)) {
      case Eventtype::clock:
        return add_timer(subscription);
      case Eventtype::fd_read:
      case Eventtype::fd_write:
        add_descriptor(subscription);
        return {};
    }
    return std::unexpected(Errno::inval);
  }

  // Waits until there is at least one event.
  Outcome<std::vector<Event>> wait() {
    for (;;) {
      uint64_t timeout = hostcall::kNoTimeout;
      if (!timers_.empty()) {
        const uint64_t now = TWINE_TRY(hostcall::read_clock(Clock::monotonic));
        collect_timers(now);
        timeout = earliest_ - std::min(earliest_, now);
      }
      if (!events_.empty()) timeout = 0;  // what else is ready is still reported
      if (!interests_.empty() || events_.empty()) TWINE_TRY(ask_host(timeout));
      if (!events_.empty()) return std::move(events_);
    }
  }

 private:
  struct Timer {
    uint64_t deadline;  // on the monotonic clock
    Event event;
  };

  Outcome<void> add_timer(const Subscription& subscription) {
    const auto clock = static_cast<Clock>(subscription.id_or_fd);
    if (clock != Clock::realtime && clock != Clock::monotonic) return std::unexpected(Errno::inval);
    if ((subscription.flags & ~kSubscriptionClockAbstime) != 0) return std::unexpected(Errno::inval);
    const uint64_t now = TWINE_TRY(hostcall::read_clock(Clock::monotonic));
    uint64_t wait = subscription.timeout;
    if ((subscription.flags & kSubscriptionClockAbstime) != 0) {
      const uint64_t clock_now = clock == Clock::monotonic ? now : TWINE_TRY(hostcall::read_clock(clock));
      wait -= std::min(wait, clock_now);
    }
    const uint64_t deadline = saturating_add(now, wait);
    earliest_ = std::min(earliest_, deadline);
    timers_.push_back({deadline, event_of(subscription)});
    return {};
  }

  void add_descriptor(const Subscription& subscription) {
    Event event = event_of(subscription);
    const bool reads = event.type == Eventtype::fd_read;
    const auto resource = call_.context.resources.find(subscription.id_or_fd, rights::poll_fd_readwrite);
    if (!resource) {
      event.error = resource.error();
      events_.push_back(event);
      return;
    }
    fs::Descriptor& descriptor = *(*resource)->descriptor;
    if (const auto handle = descriptor.pollable()) {
      interests_.push_back({*handle, reads ? hostcall::kPollRead : hostcall::kPollWrite});
      waiting_.push_back(event);
      return;
    }
    if (reads) {
      const auto bytes = descriptor.readable_bytes();
      event.nbytes = bytes.value_or(0);
      if (!bytes) event.error = bytes.error();
    }
    events_.push_back(event);
  }

  void collect_timers(uint64_t now) {
    for (const Timer& timer : timers_) {
      if (timer.deadline <= now) events_.push_back(timer.event);
    }
    std::erase_if(timers_, [now](const Timer& timer) { return timer.deadline <= now; });
  }

  Outcome<void> ask_host(uint64_t timeout) {
    std::vector<hostcall::PollEvent> answers(interests_.size());
    TWINE_TRY(hostcall::poll(interests_, timeout, answers));
    for (size_t i = 0; i < answers.size(); ++i) {
      const hostcall::PollEvent& answer = answers[i];
      const uint32_t possible = interests_[i].interest | hostcall::kPollHangup | hostcall::kPollError;
      if ((answer.ready & ~possible) != 0) {
        hostcall::reply_attack(hostcall::Call::poll, "an event answers what was not asked");
      }
      if (answer.ready == 0) continue;
      Event event = waiting_[i];
      event.error = static_cast<Errno>(answer.error);
      event.nbytes = answer.bytes;
      if ((answer.ready & hostcall::kPollHangup) != 0) event.flags = kEventHangup;
      events_.push_back(event);
    }
    return {};
  }

  const Call& call_;
  std::vector<Event> events_;
  std::vector<Timer> timers_;
  uint64_t earliest_ = kNever;
  std::vector<hostcall::PollInterest> interests_;
  std::vector<Event> waiting_;  // one an interest: what it becomes
};

}  // namespace

Outcome<std::vector<Event>> poll(const Call& call, std::span<const Subscription> subscriptions) {
  Poll poll(call);
  for (const Subscription& subscription : subscriptions) TWINE_TRY(poll.add(subscription));
  return poll.wait();  // at most one a subscription
}

Outcome<void> poll_oneoff(Call& call, uint32_t in, uint32_t out, uint32_t nsubscriptions, uint32_t nevents) {
  if (nsubscriptions == 0 || nsubscriptions > hostcall::kMaxPollEntries) return std::unexpected(Errno::inval);
  const auto from = TWINE_TRY(call.memory.bytes(in, uint64_t{nsubscriptions} * sizeof(Subscription)));
  const auto to = TWINE_TRY(call.memory.bytes(out, uint64_t{nsubscriptions} * sizeof(Event)));
  std::vector<Subscription> subscriptions(nsubscriptions);
  std::memcpy(subscriptions.data(), from.data(), from.size());
  const std::vector<Event> events = TWINE_TRY(poll(call, subscriptions));
  std::memcpy(to.data(), events.data(), events.size() * sizeof(Event));
  TWINE_TRY(call.memory.store(nevents, static_cast<uint32_t>(events.size())));
  return {};
}

}  // namespace twine::wasi

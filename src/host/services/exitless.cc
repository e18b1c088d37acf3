#include "host/services/exitless.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <system_error>

#include "host/services/system.h"

namespace twine::host {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Calls that follow each other faster than this make a run; that many of them wake the server.
constexpr microseconds kFrequent{50};
constexpr unsigned kRun = 16;
// How long the server looks without finding anything. `on` was asked for, so it may cost more.
constexpr microseconds kLooking{50};
constexpr milliseconds kLookingLong{5};
// What a call saves when it is served in time, for the account of note_late: an exit and an entry.
constexpr microseconds kExitCost{4};
// How long the enclave waits before it leaves (kSubmissionWait of the enclave's side, about).
constexpr microseconds kWaitedInside{30};
constexpr milliseconds kLargestCredit{5};
// A thread that is preempted more often than once in this time has no processor of its own, so there is none to spare.
constexpr milliseconds kQuiet{20};
constexpr milliseconds kStayAway{10};
constexpr milliseconds kStayAwayLongest{1000};
// A waiting thread looks again after this, for the deadline's sake.
constexpr milliseconds kWaiting{5};
// Looks between two looks at the clock.
constexpr unsigned kLooksPerTime = 64;

}  // namespace

unsigned usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&set));
}

ExitlessServer::ExitlessServer(Services& services, std::span<std::byte> arena, ExitlessChoice choice)
    : services_(services), arena_(arena), choice_(choice), deadline_(&deadline_has_passed) {
  if (choice_ == ExitlessChoice::automatic && usable_processors() < 2) choice_ = ExitlessChoice::off;
}

ExitlessServer::~ExitlessServer() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_changed_.notify_one();
  thread_.join();
}

std::atomic_ref<uint64_t> ExitlessServer::word(size_t offset) const {
  return std::atomic_ref(*reinterpret_cast<uint64_t*>(arena_.data() + offset));
}

bool ExitlessServer::claim(uint64_t submission) {
  // Numbers ascend: one that is not above the last was claimed by the other thread since it was read.
  uint64_t known = claimed_.load(std::memory_order_relaxed);
  return submission > known && claimed_.compare_exchange_strong(known, submission);
}

void ExitlessServer::serve(uint64_t submission) {
  services_.serve(arena_);
  finished_.store(submission);
}

// ---------------------------------------------------------------- the enclave's thread

void ExitlessServer::serve_exit() {
  const uint64_t submission = word(offsetof(ArenaHeader, submission)).load(std::memory_order_acquire);
  const SubmissionKind kind = submission_kind(submission);
  if (claim(submission)) {
    serve(submission);
    if (kind == SubmissionKind::waiting) {
      note_late(kWaitedInside);
    } else {
      note_exit(kind);
    }
  } else {
    const Clock::time_point left = Clock::now();
    wait_for_server(submission);
    note_late(kWaitedInside + (Clock::now() - left));
  }
}

void ExitlessServer::wait_for_server(uint64_t submission) {
  waited_for_ = true;
  std::unique_lock lock(mutex_);
  while (finished_.load() != submission && claimed_.load() == submission) {
    finished_changed_.wait_for(lock, kWaiting);
    // What the server waits in is to be broken off, as it would be on this thread.
    if (auto* const flag = server_deadline_.load(); flag != nullptr && time_is_over()) {
      *flag = 1;
      pthread_kill(thread_.native_handle(), deadline_signal());
    }
  }
  waited_for_ = false;
}

void ExitlessServer::note_exit(SubmissionKind kind) {
  if (choice_ == ExitlessChoice::off || kind != SubmissionKind::exits) return;
  if (choice_ == ExitlessChoice::on) return wake();
  const Clock::time_point now = Clock::now();
  frequent_ = now - last_exit_ < kFrequent ? frequent_ + 1 : 0;
  last_exit_ = now;
  if (frequent_ < kRun || now < stay_away_until_) return;
  frequent_ = 0;
  if (is_crowded()) return stay_away();
  wake();
}

bool ExitlessServer::is_crowded() {
  rusage usage{};
  if (getrusage(RUSAGE_THREAD, &usage) != 0) return false;
  const auto duration = [](const timeval& time) { return seconds(time.tv_sec) + microseconds(time.tv_usec); };
  const Clock::duration used = duration(usage.ru_utime) + duration(usage.ru_stime);
  const bool crowded = (usage.ru_nivcsw - preempted_) * kQuiet > used - used_;
  preempted_ = usage.ru_nivcsw;
  used_ = used;
  return crowded;
}

void ExitlessServer::note_late(Clock::duration lost) {
  if (choice_ == ExitlessChoice::on) return;
  const uint64_t served = served_.load(std::memory_order_relaxed);
  const Clock::duration saved = kExitCost * static_cast<int64_t>(served - accounted_);
  accounted_ = served;
  credit_ = std::min<Clock::duration>(credit_ + saved, kLargestCredit) - lost;
  if (credit_ >= Clock::duration::zero()) {
    stay_away_ /= 2;
    return;
  }
  credit_ = {};
  wanted_ = false;
  stay_away();
}

void ExitlessServer::stay_away() {
  stay_away_ = std::clamp<Clock::duration>(stay_away_ * 2, kStayAway, kStayAwayLongest);
  stay_away_until_ = Clock::now() + stay_away_;
}

void ExitlessServer::wake() {
  if (wanted_.load() || time_is_over()) return;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  if (thread_.joinable()) {
    wanted_changed_.notify_one();
    return;
  }
  // Signals are for the threads that were there before; of those that are sent to this one only the deadline's is let in.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, deadline_signal());
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread(&ExitlessServer::run, this);
  } catch (const std::system_error&) {
    choice_ = ExitlessChoice::off;  // no thread to be had: exits do as well
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// ---------------------------------------------------------------- the server's thread

void ExitlessServer::run() {
  prctl(PR_SET_NAME, "twine-exitless");
  server_deadline_ = &deadline_has_passed;
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_changed_.wait(lock, [this] { return wanted_.load() || ending_.load(); });
    if (ending_) return;
    lock.unlock();
    word(offsetof(ArenaHeader, served)).store(1);
    look();
    wanted_ = false;
    word(offsetof(ArenaHeader, served)).store(0);
    lock.lock();
  }
}

void ExitlessServer::look() {
  const Clock::duration patience = choice_ == ExitlessChoice::on ? Clock::duration(kLookingLong) : kLooking;
  const auto submission = word(offsetof(ArenaHeader, submission));
  const auto completed = word(offsetof(ArenaHeader, completed));
  Clock::time_point last_call = Clock::now();
  bool found = false;
  for (unsigned looks = 1; !ending_.load(std::memory_order_relaxed); ++looks) {
    const uint64_t number = submission.load(std::memory_order_acquire);
    if (submission_kind(number) == SubmissionKind::waiting && claim(number)) {
      serve(number);
      completed.store(number, std::memory_order_release);
      served_.fetch_add(1, std::memory_order_relaxed);
      if (waited_for_.load()) {
        const std::lock_guard lock(mutex_);  // so that the waiting thread is past its look, or waits
        finished_changed_.notify_one();
      }
      found = true;
    } else if (looks % kLooksPerTime == 0) {
      const Clock::time_point now = Clock::now();
      if (found) last_call = now;
      found = false;
      if (now - last_call > patience || time_is_over() || !wanted_.load(std::memory_order_relaxed)) return;
    } else {
      __builtin_ia32_pause();
    }
  }
}

}  // namespace twine::host

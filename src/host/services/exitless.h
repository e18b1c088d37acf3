// Host calls without an exit: a thread of the host that serves an arena while its enclave thread waits inside.
//
// The enclave thread writes a submission into the arena and looks for its completion; the server looks for submissions and serves them.
// common/entry.h has the words, docs/decisions/0008 the reasons. A submission is claimed by a compare and exchange on a word of the
// host's own, so it is served once: by the server, or by the thread that left the enclave because the server did not come in time.
//
//   parked    sleeps on a futex; `served` is 0, so the enclave exits for its calls
//     │ wake: a run of calls that could have done without (at once if the choice is `on`)
//     ▼
//   looking   `served` is 1; looks at `submission` without pause
//     │ nothing came for as long as a few exits take, or the launch's time is over
//     ▼
//   parked
//
// Looking costs a processor. `automatic` therefore never starts a server where the process has one processor only, starts it at the first
// run of frequent calls, and stays away from it for a while, longer each time, when waiting for late answers has cost more than the
// exits that were saved: then somebody else uses the second processor.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>

#include "common/entry.h"
#include "host/services/services.h"

namespace twine::host {

enum class ExitlessChoice : uint8_t { off, on, automatic };

// How many processors this process may run on.
[[nodiscard]] unsigned usable_processors();

class ExitlessServer {
 public:
  // For the thread that will enter the enclave. `services` and `arena` (kArenaSize bytes) must outlive it; no thread is started yet.
  ExitlessServer(Services& services, std::span<std::byte> arena, ExitlessChoice choice);
  ExitlessServer(const ExitlessServer&) = delete;
  ExitlessServer& operator=(const ExitlessServer&) = delete;
  ~ExitlessServer();

  // The enclave thread has left with a request: serves it, or waits until the server has.
  void serve_exit();

  // Calls that were served while the enclave waited inside, so far.
  [[nodiscard]] uint64_t served() const { return served_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::atomic_ref<uint64_t> word(size_t offset) const;
  // Whether it is the caller who serves `submission`; nobody else will.
  [[nodiscard]] bool claim(uint64_t submission);
  void serve(uint64_t submission);
  void wait_for_server(uint64_t submission);

  // On the enclave's thread: what the calls so far say about the server.
  void note_exit(SubmissionKind kind);
  void note_late(Clock::duration lost);
  void stay_away();
  // Whether this thread was preempted often since this was last asked.
  [[nodiscard]] bool is_crowded();
  void wake();

  // On the server's thread.
  void run();
  void look();
  [[nodiscard]] bool time_is_over() const { return *deadline_ != 0; }

  Services& services_;
  std::span<std::byte> arena_;
  ExitlessChoice choice_;
  const volatile std::sig_atomic_t* deadline_;  // of the enclave's thread (system.h)

  std::atomic<uint64_t> claimed_ = 0;
  std::atomic<uint64_t> finished_ = 0;
  std::atomic<uint64_t> served_ = 0;
  std::atomic<bool> waited_for_ = false;

  std::mutex mutex_;
  std::condition_variable wanted_changed_;
  std::condition_variable finished_changed_;
  std::atomic<bool> wanted_ = false;
  std::atomic<bool> ending_ = false;
  std::atomic<volatile std::sig_atomic_t*> server_deadline_ = nullptr;
  std::thread thread_;

  // The enclave's thread's alone.
  Clock::time_point last_exit_{};
  unsigned frequent_ = 0;
  uint64_t accounted_ = 0;    // of `served_`: in credit_
  Clock::duration credit_{};  // what calls without an exit have saved, less what the late ones have lost
  int64_t preempted_ = 0;
  Clock::duration used_{};
  Clock::time_point stay_away_until_{};
  Clock::duration stay_away_{};
};

}  // namespace twine::host

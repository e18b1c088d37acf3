#include "enclave/hostcall/clocks.h"

#include <array>
#include <atomic>

namespace twine::hostcall {

namespace {

// The latest reading that was given out, a clock; of the thread's CPU time, a thread.
constinit std::array<std::atomic<uint64_t>, wasi::kClockCount> floors{};
constinit thread_local std::atomic<uint64_t> thread_floor = 0;

}  // namespace

IoResult<uint64_t> read_clock(wasi::Clock clock) {
  const IoResult<uint64_t> reading = clock_time(static_cast<uint32_t>(clock));
  if (!reading || clock == wasi::Clock::realtime) return reading;
  std::atomic<uint64_t>& floor =
      clock == wasi::Clock::thread_cputime ? thread_floor : floors[static_cast<uint32_t>(clock)];
  uint64_t latest = floor.load();
  while (latest < *reading && !floor.compare_exchange_weak(latest, *reading)) {
  }
  return latest < *reading ? *reading : latest;
}

}  // namespace twine::hostcall

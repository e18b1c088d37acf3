#include "enclave/hostcall/clocks.h"

#include <array>
#include <atomic>

#include "enclave/hostcall/steady_time.h"

namespace twine::hostcall {

namespace {

// The latest reading that was given out, a clock of CPU time; of the thread's, a thread.
constinit std::array<std::atomic<uint64_t>, wasi::kClockCount> floors{};
constinit thread_local std::atomic<uint64_t> thread_floor = 0;
constinit SteadyTime monotonic;
constinit thread_local WallTimeBounds* wall_time = nullptr;

uint64_t not_behind(std::atomic<uint64_t>& floor, uint64_t reading) {
  uint64_t latest = floor.load();
  while (latest < reading && !floor.compare_exchange_weak(latest, reading)) {
  }
  return latest < reading ? reading : latest;
}

}  // namespace

uint64_t ticks() {
  return __builtin_ia32_rdtsc();
}

WallTimeBounds::WallTimeBounds(uint64_t not_before, uint64_t not_after)
    : not_before_(not_before), not_after_(not_after), outer_(wall_time) {
  wall_time = this;
}

WallTimeBounds::~WallTimeBounds() {
  wall_time = outer_;
}

IoResult<uint64_t> read_clock(wasi::Clock clock) {
  const uint64_t before = ticks();
  const IoResult<uint64_t> reading = clock_time(static_cast<uint32_t>(clock));
  if (!reading) return reading;
  switch (clock) {
    case wasi::Clock::realtime:
      if (wall_time != nullptr && !wall_time->admit(*reading)) {
        reply_attack(Call::clock_time, "the wall time is not within the launch manifest's bounds");
      }
      return reading;
    case wasi::Clock::monotonic:
      return monotonic.admit(*reading, before, ticks());
    case wasi::Clock::process_cputime:
      return not_behind(floors[static_cast<uint32_t>(clock)], *reading);
    case wasi::Clock::thread_cputime:
      return not_behind(thread_floor, *reading);
  }
  return std::unexpected(wasi::Errno::inval);
}

}  // namespace twine::hostcall

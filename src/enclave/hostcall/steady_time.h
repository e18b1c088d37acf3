// Holds a clock of the host's between two speeds by a counter that the host does not answer for (clocks.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "enclave/hostcall/clocks.h"
#include "enclave/platform/spin_lock.h"

namespace twine::hostcall {

class SteadyTime {
 public:
  // The host said `reading` between the two counter values.
  uint64_t admit(uint64_t reading, uint64_t ticks_before, uint64_t ticks_after) {
    const enclave::SpinGuard guard(lock_);
    if (!started_ || ticks_after < start_ticks_) {
      // The counter stood no later than this when the reading was taken, so that a true clock never meets the bound.
      start_ticks_ = ticks_before;
      start_ = started_ ? latest_ : std::min(reading, kLatestStart);
      latest_ = start_;
      started_ = true;
      return latest_;
    }
    const uint64_t elapsed = ticks_after - start_ticks_;
    const uint64_t room = std::numeric_limits<int64_t>::max() - start_;
    const uint64_t soonest = start_ + std::min(elapsed / kFastestTicksPerNanosecond, room);
    const uint64_t farthest = start_ + std::min(elapsed, room);
    latest_ = std::max(latest_, std::clamp(reading, soonest, farthest));
    return latest_;
  }

 private:
  enclave::SpinLock lock_;
  bool started_ = false;
  uint64_t start_ = 0;
  uint64_t start_ticks_ = 0;
  uint64_t latest_ = 0;
};

}  // namespace twine::hostcall

// The host's clocks, as far as they can be held to their word.
//
//   clock           what holds it
//   monotonic       never behind an earlier reading, on any thread, and held between two speeds by the time stamp counter: from the first
//                   reading on, it has advanced by no more than a nanosecond a tick and no less than one in kFastestTicksPerNanosecond. A
//                   reading that is beyond is cut to the bound. So the host can neither make time fly nor make it stand still: a timer
//                   of the guest runs out. Where it begins is the host's word.
//   CPU time        never behind an earlier reading (of a thread's, of the same thread). No speed: threads add up.
//   realtime        the host's word within the bounds of the launch manifest (WallTimeBounds); beyond them it is a host attack
//
// The bounds on the speed need no calibration, which would be the host's word too (CPUID leaf 15H is what the hypervisor makes of it): no
// processor with SGX2 counts slower than 1 GHz or faster than 5 GHz. With a counter of 2.5 GHz, time inside can run up to 2.5 times as fast
// as it should, or half as fast. A hypervisor can scale and offset the counter itself (TSC scaling, SDM vol. 3C), and then the bounds
// scale with it. A counter that is set back begins anew from the latest reading. RDTSC is legal in enclaves since SGX2; on SGX1 it is #UD, and
// this image does not run there.
#pragma once

#include "enclave/hostcall/hostcalls.h"

namespace twine::hostcall {

inline constexpr uint64_t kFastestTicksPerNanosecond = 5;
// The monotonic clock begins no later, so that it has room to run: 146 years.
inline constexpr uint64_t kLatestStart = uint64_t{1} << 62;

// Nanoseconds. Ends the enclave if the realtime clock is beyond the bounds.
IoResult<uint64_t> read_clock(wasi::Clock clock);

// The time stamp counter.
uint64_t ticks();

// Between what times, in nanoseconds since 1970, the realtime clock can be, while this lives, on the thread that made it; one nests in
// another.
class WallTimeBounds {
 public:
  WallTimeBounds(uint64_t not_before, uint64_t not_after);
  ~WallTimeBounds();
  WallTimeBounds(const WallTimeBounds&) = delete;
  WallTimeBounds& operator=(const WallTimeBounds&) = delete;

  [[nodiscard]] bool admit(uint64_t time) const { return not_before_ <= time && time <= not_after_; }

 private:
  uint64_t not_before_;
  uint64_t not_after_;
  WallTimeBounds* outer_;
};

}  // namespace twine::hostcall

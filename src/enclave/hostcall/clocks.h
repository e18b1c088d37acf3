// The host's clocks, as far as they can be held to their word: the monotonic and the CPU-time clocks never
// run backwards inside, whatever the host answers. Nothing can hold them to a speed, and nothing is promised
// of the realtime clock.
#pragma once

#include "enclave/hostcall/hostcalls.h"

namespace twine::hostcall {

// Nanoseconds. A reading behind an earlier one of the same clock yields the earlier one; of a thread's
// CPU time, to the same thread.
IoResult<uint64_t> read_clock(wasi::Clock clock);

}  // namespace twine::hostcall

// clock_*: the host's clocks, as far as they can be held to their word (hostcall/clocks.h).

#include "enclave/hostcall/clocks.h"
#include "enclave/wasi/functions.h"

namespace twine::wasi {

Outcome<void> clock_res_get(Call& call, uint32_t id, uint32_t resolution) {
  if (id >= kClockCount) return std::unexpected(Errno::inval);
  const uint64_t nanoseconds = TWINE_TRY(hostcall::clock_resolution(id));
  TWINE_TRY(call.memory.store(resolution, nanoseconds));
  return {};
}

Outcome<void> clock_time_get(Call& call, uint32_t id, uint64_t /*precision: any is good enough*/,
                             uint32_t time) {
  if (id >= kClockCount) return std::unexpected(Errno::inval);
  const uint64_t nanoseconds = TWINE_TRY(hostcall::read_clock(static_cast<Clock>(id)));
  TWINE_TRY(call.memory.store(time, nanoseconds));
  return {};
}

}  // namespace twine::wasi

// Backtraces of guest code: walks the guest stack by the frame sizes that the compiler recorded (the `unwind`
// section).
#pragma once

#include <cstdint>

#include "common/manifest.h"
#include "enclave/runtime/guest_thread.h"

namespace twine::enclave {

// Where guest code stands.
struct GuestPosition {
  uint64_t rip;
  uint64_t rsp;
  bool is_return_address;  // rip is behind the call that it stands in, rather than at the instruction
};

// Fills frames and frames_omitted of `report`, innermost first, through all activations of the thread. Of a
// deep stack the innermost and the outermost frames are kept. Reads nothing outside the guest stack, whatever
// is on it.
void capture_backtrace(const GuestThread& thread, GuestPosition position, TrapReport& report);

}  // namespace twine::enclave

// A storm of asynchronous exits, to test the emulator and the enclave with: while a thread is in an enclave a one-shot timer interrupts it
// after a random time, again and again.
//
// Set by the environment, because what is tested are whole programs that know nothing of it; for tests alone, and only the emulator
// looks at it:
//
//   TWINE_AEX_STORM=LOW-HIGH    microseconds between a resume and the next interrupt, drawn evenly from LOW to HIGH, at least 1
//   TWINE_AEX_STORM_LOG=FILE    at the end of each enclave a line is appended: "AEX INTERRUPTS", decimal counts of all
//                               asynchronous exits and of those that no exception caused
//
// The timer is the thread's own (SIGEV_THREAD_ID, CLOCK_MONOTONIC) and its signal goes through the same door as any signal
// of the program's. The handler finds the thread at the AEP, about to ERESUME, and arms the timer again. Where it finds the thread in
// host code it does not: the next entry does, so that work outside is disturbed once an entry at most.
#pragma once

#include <cstdint>
#include <optional>

#include "common/result.h"

namespace twine::host::emulator {

struct AexStorm {
  uint32_t low_us;
  uint32_t high_us;
  int log;  // open file; -1: none

  // What the environment says; nothing when it says nothing. The log is opened at once: the process
  // may not be allowed to later. Errors: invalid_argument, io.
  static Result<std::optional<AexStorm>> from_environment();

  // Arms the calling thread's timer, unless it is armed. Before each entry.
  void arm() const;
  // Appends the line to the log and closes it. Errors cannot be told by then; a test that finds too few lines fails.
  void record(uint64_t exits, uint64_t interrupts) const;
};

}  // namespace twine::host::emulator

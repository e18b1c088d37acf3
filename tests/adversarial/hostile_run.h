// The frame of a long run of a hostile host: chunks, seeds, time, and the account at the end.
//
//   PROGRAM [--seconds N | --replies N] [--seed N] [--chunk N]
//
// Work comes in chunks, each in a process of its own, as many at once as there are processors, with a seed derived from the run's: what an attack leaves behind (an enclave that has
// ended frees nothing) ends with it, and `--seed S --chunk N` runs that chunk alone. Prints replies per call, per lie
// how they ended, and last "N passed, N failed", where a test is one call and one lie it can be told: passed when it was told and nothing was found.
#pragma once

#include <atomic>
#include <cstdint>

#include "lies.h"

namespace twine::test {

// How replies ended.
struct Endings {
  std::atomic<uint64_t> host_attack = 0;
  std::atomic<uint64_t> sessions = 0;
  std::atomic<uint64_t> calls = 0;  // of WASI functions and of the door, by the guest
};

struct HostileRun {
  const char* program;
  // Runs in a process of its own, which ends with another status than 0 when something was found.
  void (*chunk)(uint64_t seed, Tally& tally, Endings& endings);
  // Whether a lie that was never told has failed; else only a call that was never lied about.
  bool every_lie;
  bool (*reaches)(const hostcall::CallRow& row) = [](const hostcall::CallRow&) { return true; };
};

// `main` of such a program.
int hostile_run(int argc, char** argv, const HostileRun& run);

}  // namespace twine::test

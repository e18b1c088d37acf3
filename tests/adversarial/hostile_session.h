// One stretch of an enclave's life with a hostile host, judged by what the enclave can know.
//
//   door session      every call of the host-call table, arguments at random, one lie each. The table is read a second time here,
//                     independently of the generated checks: which replies must end in `host attack`, which errno must be passed on, which
//                     must be accepted.
//   program session   a WASI program with a model beside it: what its memory file system holds, where its files stand, which descriptors
//                     are open, what the clocks said. Nothing that the model knows may come out otherwise, whatever the host says.
//   storm session     every WASI function with arguments at random: an errno, a trap or a `host attack`, and no byte outside.
//
// A finding ends the process with the seed that shows it.
#pragma once

#include <cstdint>

#include "hostile_run.h"

namespace twine::test {

void run_door_session(uint64_t seed, Tally& tally, Endings& endings);
void run_program_session(uint64_t seed, Tally& tally, Endings& endings);
void run_storm_session(uint64_t seed, Tally& tally, Endings& endings);

// Prints what was found and how to see it again, and ends the process.
[[noreturn]] void finding(uint64_t seed, const Liar& liar, const char* what);

}  // namespace twine::test

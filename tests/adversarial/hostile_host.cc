// The hostile host, against the enclave's code in a plain process (built with ASan and UBSan by scripts/hostile-host.sh).
//
//   hostile_host [--seconds N | --replies N] [--seed N] [--chunk N]
//
// hostile_run.h tells what the options are and what is printed. A call that was never told a lie it can be told fails the run.
#include "hostile_run.h"
#include "hostile_session.h"

namespace twine::test {
namespace {

constexpr uint64_t kSessionsAChunk = 24;

void run_chunk(uint64_t seed, Tally& tally, Endings& endings) {
  std::mt19937_64 random(seed);
  for (uint64_t session = 0; session < kSessionsAChunk; ++session) {
    const uint64_t session_seed = random();
    switch (session % 4) {
      case 0:
        run_door_session(session_seed, tally, endings);
        break;
      case 1:
        run_storm_session(session_seed, tally, endings);
        break;
      default:
        run_program_session(session_seed, tally, endings);
    }
  }
}

}  // namespace
}  // namespace twine::test

int main(int argc, char** argv) {
  return twine::test::hostile_run(
      argc, argv, {.program = "hostile_host", .chunk = twine::test::run_chunk, .every_lie = true});
}

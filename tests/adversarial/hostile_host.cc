// The hostile host, against the enclave's code in a plain process (built with ASan and UBSan by scripts/hostile-host.sh).
//
//   hostile_host [--seconds N | --replies N] [--seed N] [--chunk N]
//
// Work comes in chunks, each in a process of its own with a seed derived from the run's: what an attack leaves behind (an enclave that has
// ended frees nothing) ends with it, and `--seed S --chunk N` runs that chunk alone. Ends with "N passed, N failed", where a test is one call
// and one lie it can be told: passed when it was told and nothing was found. One that was never told has failed.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string_view>

#include "hostile_session.h"

namespace {

using namespace twine::test;

struct Shared {
  Tally tally;
  Endings endings;
};

struct Arguments {
  uint64_t seconds = 60;
  uint64_t replies = ~uint64_t{0};
  uint64_t seed = 1;
  std::optional<uint64_t> chunk;
};

constexpr uint64_t kSessionsAChunk = 24;
constexpr unsigned kMaxSecondsAChunk = 120;

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    char* end = nullptr;
    const uint64_t value = std::strtoull(argv[i + 1], &end, 10);
    if (*end != '\0' || end == argv[i + 1]) return std::nullopt;
    if (name == "--seconds") {
      arguments.seconds = value;
    } else if (name == "--replies") {
      arguments.replies = value;
      arguments.seconds = ~uint64_t{0} >> 32;
    } else if (name == "--seed") {
      arguments.seed = value;
    } else if (name == "--chunk") {
      arguments.chunk = value;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

void run_chunk(uint64_t seed, Shared& shared) {
  alarm(kMaxSecondsAChunk);  // enclave code that hangs is a finding too
  std::mt19937_64 random(seed);
  for (uint64_t session = 0; session < kSessionsAChunk; ++session) {
    const uint64_t session_seed = random();
    switch (session % 4) {
      case 0:
        run_door_session(session_seed, shared.tally, shared.endings);
        break;
      case 1:
        run_storm_session(session_seed, shared.tally, shared.endings);
        break;
      default:
        run_program_session(session_seed, shared.tally, shared.endings);
    }
  }
}

// Whether nothing was found.
bool run_in_child(uint64_t seed, uint64_t chunk, Shared& shared) {
  const pid_t child = fork();
  if (child < 0) {
    std::perror("hostile_host: fork");
    return false;
  }
  if (child == 0) {
    std::seed_seq sequence{seed, chunk};
    std::array<uint32_t, 2> words{};
    sequence.generate(words.begin(), words.end());
    run_chunk(uint64_t{words[0]} << 32 | words[1], shared);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::printf("found something in chunk %lu (%s %d); again: hostile_host --seed %lu --chunk %lu\n", chunk,
              WIFSIGNALED(status) ? "signal" : "exit status",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), seed, chunk);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "usage: hostile_host [--seconds N | --replies N] [--seed N] [--chunk N]\n");
    return 2;
  }
  for (const auto& row : twine::hostcall::kCalls) {
    if (const auto type = type_without_lies(row)) {
      std::printf(
          "%s: its reply carries a %s, of which no lies are known; add them to kFieldLies in "
          "tests/adversarial/lies.cc\n"
          "0 passed, 1 failed\n",
          std::string(row.name).c_str(), std::string(*type).c_str());
      return 1;
    }
  }
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("hostile_host: mmap");
    return 2;
  }
  auto& shared = *new (memory) Shared();
  if (arguments->chunk) return run_in_child(arguments->seed, *arguments->chunk, shared) ? 0 : 1;

  std::printf("hostile host: seed %lu\n", arguments->seed);
  const auto started = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  uint64_t chunks = 0;
  size_t findings = 0;
  while (findings < 5 && seconds() < static_cast<double>(arguments->seconds) &&
         shared.tally.total() < arguments->replies) {
    std::fflush(stdout);
    if (!run_in_child(arguments->seed, chunks++, shared)) ++findings;
  }
  const size_t empty = shared.tally.report();
  size_t cells = 0;
  for (const auto& row : twine::hostcall::kCalls) {
    for (size_t lie = 0; lie < kLieCount; ++lie) cells += applies(static_cast<Lie>(lie), row) ? 1 : 0;
  }
  std::printf(
      "%lu mutated replies in %.0f s, to %lu calls in %lu sessions (%lu chunks); %lu sessions or calls ended "
      "in `host attack`\n",
      shared.tally.total(), seconds(), shared.endings.calls.load(), shared.endings.sessions.load(), chunks,
      shared.endings.host_attack.load());
  std::printf("%zu passed, %zu failed\n", cells - empty, empty + findings);
  return findings + empty == 0 ? 0 : 1;
}

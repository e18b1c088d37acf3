#include "hostile_run.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace twine::test {
namespace {

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

// Whether nothing was found.
bool run_in_child(const HostileRun& run, uint64_t seed, uint64_t chunk, Shared& shared) {
  const pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    return false;
  }
  if (child == 0) {
    std::seed_seq sequence{seed, chunk};
    std::array<uint32_t, 2> words{};
    sequence.generate(words.begin(), words.end());
    alarm(kMaxSecondsAChunk);  // enclave code that hangs is a finding too
    run.chunk(uint64_t{words[0]} << 32 | words[1], shared.tally, shared.endings);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::printf("found something in chunk %lu (%s %d); again: %s --seed %lu --chunk %lu\n", chunk,
              WIFSIGNALED(status) ? "signal" : "exit status",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), run.program, seed, chunk);
  return false;
}

}  // namespace

int hostile_run(int argc, char** argv, const HostileRun& run) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "usage: %s [--seconds N | --replies N] [--seed N] [--chunk N]\n", run.program);
    return 2;
  }
  for (const auto& row : hostcall::kCalls) {
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
    std::perror("mmap");
    return 2;
  }
  auto& shared = *new (memory) Shared();
  if (arguments->chunk) return run_in_child(run, arguments->seed, *arguments->chunk, shared) ? 0 : 1;

  std::printf("%s: seed %lu\n", run.program, arguments->seed);
  const auto started = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  uint64_t chunks = 0;
  size_t findings = 0;
  while (findings < 5 && seconds() < static_cast<double>(arguments->seconds) &&
         shared.tally.total() < arguments->replies) {
    std::fflush(stdout);
    if (!run_in_child(run, arguments->seed, chunks++, shared)) ++findings;
  }
  const Coverage coverage = shared.tally.report(run.reaches);
  const size_t failed = findings + (run.every_lie ? coverage.untold_lies : coverage.untold_calls);
  std::printf(
      "%lu mutated replies in %.0f s, to %lu calls in %lu sessions (%lu chunks); %lu sessions or calls ended "
      "in `host attack`\n",
      shared.tally.total(), seconds(), shared.endings.calls.load(), shared.endings.sessions.load(), chunks,
      shared.endings.host_attack.load());
  std::printf("%zu passed, %zu failed\n", coverage.told, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace twine::test

#include "hostile_run.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

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
constexpr size_t kMaxFindings = 5;

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

// The process of a chunk; -1: there is none.
pid_t start_chunk(const HostileRun& run, uint64_t seed, uint64_t chunk, Shared& shared) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) std::perror("fork");
  if (child != 0) return child;
  std::seed_seq sequence{seed, chunk};
  std::array<uint32_t, 2> words{};
  sequence.generate(words.begin(), words.end());
  alarm(kMaxSecondsAChunk);  // enclave code that hangs is a finding too
  run.chunk(uint64_t{words[0]} << 32 | words[1], shared.tally, shared.endings);
  _exit(0);
}

// Chunks in processes of their own, as many at once as there are processors.
class Chunks {
 public:
  Chunks(const HostileRun& run, uint64_t seed, Shared& shared) : run_(run), seed_(seed), shared_(shared) {}

  void start(uint64_t chunk) {
    const pid_t child = start_chunk(run_, seed_, chunk, shared_);
    if (child < 0) {
      ++findings_;
    } else {
      running_.emplace(child, chunk);
    }
  }
  void wait_for_one() {
    int status = 0;
    const pid_t child = ::wait(&status);
    const auto ended = running_.find(child);
    if (ended == running_.end()) return;
    const uint64_t chunk = ended->second;
    running_.erase(ended);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    ++findings_;
    std::printf("found something in chunk %lu (%s %d); again: %s --seed %lu --chunk %lu\n", chunk,
                WIFSIGNALED(status) ? "signal" : "exit status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), run_.program, seed_, chunk);
  }
  [[nodiscard]] size_t running() const { return running_.size(); }
  [[nodiscard]] size_t findings() const { return findings_; }

 private:
  const HostileRun& run_;
  uint64_t seed_;
  Shared& shared_;
  std::map<pid_t, uint64_t> running_;
  size_t findings_ = 0;
};

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
  Chunks chunks(run, arguments->seed, shared);
  if (arguments->chunk) {
    chunks.start(*arguments->chunk);
    while (chunks.running() != 0) chunks.wait_for_one();
    return chunks.findings() == 0 ? 0 : 1;
  }

  std::printf("%s: seed %lu\n", run.program, arguments->seed);
  const auto started = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  };
  const size_t at_once = std::max(std::thread::hardware_concurrency(), 1U);
  uint64_t started_chunks = 0;
  while (chunks.findings() < kMaxFindings && seconds() < static_cast<double>(arguments->seconds) &&
         shared.tally.total() < arguments->replies) {
    chunks.start(started_chunks++);
    if (chunks.running() >= at_once) chunks.wait_for_one();
  }
  while (chunks.running() != 0) chunks.wait_for_one();
  const Coverage coverage = shared.tally.report(run.reaches);
  const size_t failed = chunks.findings() + (run.every_lie ? coverage.untold_lies : coverage.untold_calls);
  std::printf(
      "%lu mutated replies in %.0f s, to %lu calls in %lu sessions (%lu chunks); %lu sessions or calls ended "
      "in `host attack`\n",
      shared.tally.total(), seconds(), shared.endings.calls.load(), shared.endings.sessions.load(),
      started_chunks, shared.endings.host_attack.load());
  std::printf("%zu passed, %zu failed\n", coverage.told, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace twine::test

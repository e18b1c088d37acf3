// The hostile host against the real image on the software SGX: launches of hostile_guest.c, in which replies to every kind of call are
// lies, page calls and those of the launch among them.
//
//   hostile_launches [--seconds N | --replies N] [--seed N] [--chunk N]        (hostile_run.h)
//
// What must hold, whatever the host says:
//   - a launch ends with the guest's own exit, a trap, a refusal with its reason, or `host attack`; the enclave never ends itself otherwise
//     (a stack protector, a failed check of its own), and never by a fault;
//   - the guest has found nothing wrong (exit status 3);
//   - the EPCM holds no page that is writable and executable, and has as many pages as the driver counts;
//   - canaries in host memory around the arena, which the enclave shares an address space with, are as they were.
// In one launch of four another thread plays with the words of calls without an exit (entry.h) meanwhile: says that somebody serves,
// completes what nobody has served, and takes it back.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "attacked_launch.h"
#include "hostile_run.h"
#include "network_stand_in.h"
#include "unit/temporary_directory.h"

namespace twine::test {
namespace {

using hostcall::Call;

constexpr int kLaunchesAChunk = 12;
constexpr int kActions = 3000;
// Of the lies that end most enclaves one in so many is told in a launch, so that it hears more than a few: each kind of launch as often.
constexpr uint32_t kGentleness[] = {4, 25, 400};
constexpr uint32_t kDoubtedOneIn = 2;
constexpr int kGuestFoundSomething = 3;
constexpr size_t kPage = 4096;
// Between the arena's data and its window is nothing that the enclave may write to.
constexpr size_t kSlack = kArenaWindowOffset - kArenaDataEnd;
constexpr std::byte kUntouched{0x77};

// Sets the words of calls without an exit to anything, until it ends.
class WordPlayer {
 public:
  WordPlayer(ArenaHeader& header, uint64_t seed) : thread_([this, &header, seed] { play(header, seed); }) {}
  WordPlayer(const WordPlayer&) = delete;
  WordPlayer& operator=(const WordPlayer&) = delete;
  ~WordPlayer() {
    over_ = true;
    thread_.join();
  }

 private:
  void play(ArenaHeader& header, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::atomic_ref served(header.served);
    std::atomic_ref completed(header.completed);
    std::atomic_ref torn(header.torn);
    const std::atomic_ref submission(header.submission);
    while (!over_) {
      served = random() % 4 == 0 ? random() % 3 : 1;
      const uint64_t now = submission.load();
      const uint64_t answers[] = {now, now, now + 4, now - 4, random()};
      completed = answers[random() % std::size(answers)];
      torn = random() % 8 == 0 ? 1 : 0;
      if (random() % 16 == 0) std::this_thread::yield();
    }
  }

  std::atomic<bool> over_ = false;
  std::thread thread_;
};

// One launch with a hostile host.
class HostileLaunch {
 public:
  HostileLaunch(uint64_t seed, Tally& tally, Endings& endings)
      : seed_(seed), random_(seed), tally_(tally), endings_(endings) {
    directory_.write("file", "contents of a file");
    directory_.write("large", std::string(700'000, 'l'));
    std::filesystem::create_directory(directory_ / "directory");
    for (int i = 0; i < 12; ++i) directory_.write("directory/entry" + std::to_string(i), "x");
    std::filesystem::create_symlink("file", directory_ / "link");
    directory_.write("input", std::string(100, 'i'));
  }

  void run() {
    // One launch in sixteen is honest and must succeed; in one of eight the replies to the launch's own calls are lies too.
    const uint64_t kind = random_() % 16;
    honest_ = kind == 0;
    from_the_start_ = kind <= 2;
    one_in_ = static_cast<uint32_t>(1 + random_() % 24);
    doubted_ = hostcall::kCalls[random_() % hostcall::kCalls.size()].call;
    play_with_words_ = !honest_ && random_() % 4 == 0;
    const int input = ::open((directory_ / "input").c_str(), O_RDONLY | O_CLOEXEC);
    launch_.answer = [this](host::Services& services, std::span<std::byte> arena) {
      answer(services, arena);
    };
    launch_.on_end = [this] { end(); };
    AttackOptions options;
    options.program_arguments = {"guest", std::to_string(seed_), std::to_string(kActions)};
    options.directory = directory_.path();
    options.network_rules = {"127.0.0.0/8:*", "[::1]:*", "listen:127.0.0.1:*", "listen:[::1]:*",
                             "resolved.example:80"};
    options.standard_input = input;
    const Ending ending = launch_.run(options);
    ::close(input);
    ++endings_.sessions;
    endings_.calls += ending.host_calls;
    judge(ending);
  }

 private:
  void require(bool holds, const std::string& what) {
    if (holds) return;
    std::string call = "none";
    std::string lie = "honest";
    if (liar_) {
      const auto& last = liar_->last();
      if (last.row != nullptr) call = last.row->name;
      if (last.lie) lie = name_of(*last.lie);
    }
    std::printf("seed %lu: %s; last reply: %s, %s\n", seed_, what.c_str(), call.c_str(), lie.c_str());
    std::fflush(stdout);
    _exit(1);
  }

  static bool is_of_the_launch(Call call) {
    return call == Call::input_size || call == Call::input_read || call == Call::cpuid;
  }

  void answer(host::Services& services, std::span<std::byte> arena) {
    auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
    if (!liar_) {
      NetworkStandIn& network = network_.emplace(services);
      liar_.emplace(
          random_(), tally_, [&network](std::span<std::byte> a) { network.serve(a); }, launch_.image_page(0));
      liar_->be_gentle(kGentleness[random_() % std::size(kGentleness)]);
      services.show_files_in(arena);
      slack_ = arena.subspan(kArenaDataEnd, kSlack);
      std::ranges::fill(slack_, kUntouched);
    }
    if (play_with_words_ && !player_ && !is_of_the_launch(static_cast<Call>(header.call)))
      player_.emplace(header, random_());
    const auto call = static_cast<Call>(header.call);
    started_ = started_ || call == Call::file_open || call == Call::file_stat;
    const bool is_doubted = call == doubted_;
    if (honest_ || (!started_ && !from_the_start_ && !is_doubted)) return liar_->answer_honestly(arena);
    liar_->answer(arena, is_doubted ? kDoubtedOneIn : one_in_);
    lied_ = lied_ || liar_->last().lie.has_value();
    lied_about_processor_ = lied_about_processor_ || (call == Call::cpuid && liar_->last().lie.has_value());
  }

  void end() {
    player_.reset();
    if (!liar_) return;
    liar_->end_race();
    for (const std::byte byte : slack_)
      require(byte == kUntouched, "the enclave wrote beyond the arena's data");
  }

  // What the software SGX knows of the enclave's pages.
  void audit() {
    host::emulator::Enclave& enclave = launch_.enclave();
    const uint64_t base = enclave.secs.baseaddr;
    const uint64_t end = base + enclave.secs.size;
    uint64_t pages = 0;
    for (uint64_t page = enclave.epcm.next_valid(base, end); page < end;
         page = enclave.epcm.next_valid(page + kPage, end)) {
      ++pages;
      const auto& entry = enclave.epcm.at(page);
      require(!(entry.w && entry.x), "a page is writable and executable");
      const uint64_t beyond = entry.host_protection & ~uint64_t{entry.max_protection};
      require(beyond == 0, "the host's page tables allow more than the driver");
    }
    require(pages == enclave.epcm.pages(), "the EPCM's count is wrong");
  }

  void judge(const Ending& ending) {
    audit();
    const size_t found = ending.output.rfind("wrong: ");
    require(found == ending.output.npos,
            "the guest found: " + ending.output.substr(std::min(found, ending.output.size())));
    if (ending.result) {
      require(ending.result->exit_code != kGuestFoundSomething, "the guest found something wrong");
      require(!honest_ || (ending.result->status == LaunchStatus::exited && ending.result->exit_code == 0),
              "an honest launch failed: " + ending.result->error + ending.output);
      return;
    }
    const std::string& message = ending.result.error().message;
    require(!honest_, "an honest launch failed: " + message);
    if (message.find("host attack") != message.npos) {
      ++endings_.host_attack;
      if (liar_) liar_->was_found_out();
      require(lied_ || play_with_words_, "an honest host was called an attacker: " + message);
      return;
    }
    // A processor that does not exist is refused before anything else; a host that does not add pages starves its own enclave; one that
    // says it took less of the result than it did gets parts of it twice.
    const bool is_told = message.starts_with("launch result: ") || lied_about_processor_ ||
                         message.find(": the host ") != message.npos ||
                         message.find("out of memory") != message.npos ||
                         message.find("page cache is exhausted") != message.npos;
    require(is_told, "the enclave ended otherwise: " + message);
  }

  uint64_t seed_;
  std::mt19937_64 random_;
  Tally& tally_;
  Endings& endings_;
  testing::TemporaryDirectory directory_;
  AttackedLaunch launch_;
  std::optional<NetworkStandIn> network_;
  std::optional<Liar> liar_;
  std::optional<WordPlayer> player_;
  std::span<std::byte> slack_;
  bool honest_ = false;
  bool from_the_start_ = false;
  bool play_with_words_ = false;
  bool started_ = false;
  bool lied_ = false;
  bool lied_about_processor_ = false;
  uint32_t one_in_ = 1;
  Call doubted_{};  // lied about most, whenever it is made: what a launch asks once is reached too
};

void run_chunk(uint64_t seed, Tally& tally, Endings& endings) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < kLaunchesAChunk; ++i) HostileLaunch(random(), tally, endings).run();
}

// A launch that adds no thread, prints nothing about itself and gives no pages back before it ends has nothing to ask of these;
// pages_host_test and threads_test have.
bool reaches(const hostcall::CallRow& row) {
  switch (row.call) {
    case Call::diagnostic:
    case Call::thread_make:
    case Call::thread_ready:
    case Call::pages_close:
    case Call::pages_trim:
    case Call::pages_remove:
    case Call::pages_restrict:
      return false;
    default:
      return true;
  }
}

}  // namespace
}  // namespace twine::test

int main(int argc, char** argv) {
  twine::test::AttackedLaunch::prepare();
  return twine::test::hostile_run(argc, argv,
                                  {.program = "hostile_launches",
                                   .chunk = twine::test::run_chunk,
                                   .every_lie = false,
                                   .reaches = twine::test::reaches});
}

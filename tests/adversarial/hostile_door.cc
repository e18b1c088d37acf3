// The door session (hostile_session.h).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "copied_window.h"
#include "enclave/hostcall/any_call.h"
#include "host/services/services.h"
#include "hostile_session.h"
#include "network_stand_in.h"
#include "unit/in_process_platform.h"
#include "unit/temporary_directory.h"

namespace twine::test {
namespace {

using hostcall::Call;
using hostcall::CallRow;
using wasi::Errno;

constexpr size_t kStepsASession = 400;

// Memory calls answer that all went well: whether the pages came is for the ledger's tests.
class WillingPages final : public host::PageService {
 public:
  wasi::IoResult<void> open(uint64_t, uint64_t, uint32_t) override { return {}; }
  wasi::IoResult<void> close(uint64_t, uint64_t) override { return {}; }
  wasi::IoResult<void> trim(uint64_t, uint64_t) override { return {}; }
  wasi::IoResult<void> remove(uint64_t, uint64_t) override { return {}; }
  wasi::IoResult<void> restrict(uint64_t, uint64_t, uint32_t) override { return {}; }
  wasi::IoResult<void> make_thread(uint64_t) override { return {}; }
  void thread_ready(uint64_t) override {}
};

class NullDevice {
 public:
  NullDevice() : descriptor_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {}
  ~NullDevice() { ::close(descriptor_); }
  NullDevice(const NullDevice&) = delete;
  NullDevice& operator=(const NullDevice&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Arguments at random, of a size that an honest host answers at once, with canaries around what replies are written to.
class RandomArguments {
 public:
  explicit RandomArguments(uint64_t seed) : random_(seed) {}

  template <typename T>
  T word() {
    constexpr uint64_t kWords[] = {0, 0, 0, 1, 2, 3, 3, 4, 4, 5, 100, 4096};
    return static_cast<T>(kWords[random_() % std::size(kWords)]);
  }
  std::string_view path() {
    constexpr std::string_view kPaths[] = {"file", "directory", "directory/inner", "link", ".",
                                           "",     "new",       "missing/x"};
    return kPaths[random_() % std::size(kPaths)];
  }
  hostcall::Gather gather() {
    return hostcall::Gather(std::span<const std::byte>(sent_).first(random_() % sent_.size()));
  }
  hostcall::Scatter scatter() {
    size_ = random_() % kBufferSize;
    guarded_.fill(kCanary);
    return hostcall::Scatter(std::span(guarded_).subspan(kGuard, size_));
  }
  template <typename T>
  std::span<T> array() {
    return std::span(std::get<std::array<T, 4>>(arrays_)).first(2);
  }
  template <typename T>
  T& object() {
    return std::get<T>(objects_);
  }

  [[nodiscard]] bool untouched_beyond_buffer() const {
    for (size_t i = 0; i < guarded_.size(); ++i) {
      if ((i < kGuard || i >= kGuard + size_) && guarded_[i] != kCanary) return false;
    }
    return true;
  }
  [[nodiscard]] const wasi::Filestat& stat() const { return std::get<wasi::Filestat>(objects_); }
  [[nodiscard]] std::span<const hostcall::PollEvent> events() const {
    return std::span(std::get<std::array<hostcall::PollEvent, 4>>(arrays_)).first(2);
  }
  void begin() {
    guarded_.fill(kCanary);
    size_ = 0;
    arrays_ = {};
    objects_ = {};
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr size_t kBufferSize = 2048;
  static constexpr std::byte kCanary{0x5a};

  std::mt19937_64 random_;
  size_t size_ = 0;
  std::array<std::byte, 100> sent_{};
  std::array<std::byte, kGuard + kBufferSize + kGuard> guarded_{};
  std::tuple<std::array<hostcall::PollInterest, 4>, std::array<hostcall::PollEvent, 4>,
             std::array<hostcall::SocketAddress, 4>>
      arrays_;
  std::tuple<wasi::Filestat, hostcall::CpuidRegisters, hostcall::SocketAddress, hostcall::SocketReceived>
      objects_;
};

bool can_be(const wasi::Filestat& stat) {
  return static_cast<uint8_t>(stat.filetype) < wasi::kFiletypeCount;
}
bool can_be(const hostcall::PollEvent& event) {
  const bool has_error = (event.ready & hostcall::kPollError) != 0;
  return event.ready < 16 && event.error < wasi::kErrnoCount && has_error == (event.error != 0);
}

bool can_be(const hostcall::SocketAddress& address) {
  const size_t used = address.family == hostcall::SocketFamily::ipv4   ? 4
                      : address.family == hostcall::SocketFamily::ipv6 ? 16
                                                                       : 0;
  return address.family <= hostcall::SocketFamily::ipv6 && address.padding == 0 &&
         (used != 0 || address.port == 0) &&
         std::all_of(address.bytes + used, std::end(address.bytes), [](uint8_t byte) { return byte == 0; });
}
bool can_be(const hostcall::SocketReceived& received) {
  return can_be(received.from) && received.flags <= hostcall::kDataTruncated && received.padding == 0;
}

template <typename T>
bool all_can_be(std::span<const std::byte> bytes) {
  for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    if (!can_be(value)) return false;
  }
  return true;
}

// Whether the struct in the reply can be true, as the table's prose has it.
bool data_can_be(const Told& told) {
  for (const hostcall::ReplyBuffer& reply : told.row->replies) {
    if (reply.slot < 0) continue;
    const auto slot = static_cast<size_t>(reply.slot);
    const std::span<const std::byte> bytes =
        testing::test_arena().subspan(told.args[slot], told.args[slot + 1]);
    if (reply.type == "wasi::Filestat") {
      wasi::Filestat stat;
      std::memcpy(&stat, bytes.data(), sizeof stat);
      if (!can_be(stat)) return false;
    }
    if (reply.type == "PollEvent[]" && !all_can_be<hostcall::PollEvent>(bytes)) return false;
    if (reply.type.starts_with("SocketAddress") && !all_can_be<hostcall::SocketAddress>(bytes)) return false;
    if (reply.type == "SocketReceived" && !all_can_be<hostcall::SocketReceived>(bytes)) return false;
  }
  return true;
}

// What must become of a reply that nobody changes any more: an attack (none), or this errno.
std::optional<Errno> due(const Told& told) {
  const CallRow& row = *told.row;
  if (told.result < 0) {
    const uint64_t number = uint64_t{0} - static_cast<uint64_t>(told.result);
    if (row.errnos.contains(number)) return static_cast<Errno>(number);
    return std::nullopt;
  }
  const auto result = static_cast<uint64_t>(told.result);
  const uint64_t high = row.length_slot < 0 ? row.high : told.args[static_cast<size_t>(row.length_slot) + 1];
  if (result < row.low || result > high || !data_can_be(told)) return std::nullopt;
  return Errno::success;
}

void judge(uint64_t seed, const Liar& liar, const RandomArguments& arguments,
           const std::optional<std::string>& attack, Errno error) {
  const Told& told = liar.last();
  if (!arguments.untouched_beyond_buffer()) finding(seed, liar, "bytes beyond the buffer were written");
  if (attack && !attack->starts_with(std::string(told.row->name) + ": "))
    finding(seed, liar, "the attack names another call");
  if (told.settled) {
    const std::optional<Errno> expected = due(told);
    if (expected.has_value() == attack.has_value()) {
      finding(seed, liar,
              attack ? "a reply that can be true was taken for an attack"
                     : "a reply that cannot be true was accepted");
    }
    if (expected && *expected != error) finding(seed, liar, "another errno than the host's was passed on");
  }
  if (attack) return;
  if (error != Errno::success && !told.row->errnos.contains(static_cast<uint64_t>(error))) {
    finding(seed, liar, "an errno that the call cannot have was passed on");
  }
  // What was checked is what is used: also with the reply still changing outside.
  if (!can_be(arguments.stat())) finding(seed, liar, "a struct that cannot be true was accepted");
  if (!std::ranges::all_of(arguments.events(), [](const auto& event) { return can_be(event); })) {
    finding(seed, liar, "an event that cannot be true was accepted");
  }
}

}  // namespace

void finding(uint64_t seed, const Liar& liar, const char* what) {
  const Told& told = liar.last();
  std::fprintf(stderr, "hostile host: %s\n  last reply: %s, lie: %s, result %ld\n  session seed: %lu\n", what,
               told.row == nullptr ? "none" : std::string(told.row->name).c_str(),
               told.lie ? std::string(name_of(*told.lie)).c_str() : "none", told.result, seed);
  _exit(1);
}

void run_door_session(uint64_t seed, Tally& tally, Endings& endings) {
  const testing::TemporaryDirectory directory;
  directory.write("file", "contents");
  std::filesystem::create_directory(directory / "directory");
  directory.write("directory/inner", "more");
  std::filesystem::create_symlink("file", directory / "link");
  WillingPages pages;
  const NullDevice null;
  host::ServicesConfig config;
  config.manifest.resize(100);
  config.modules.emplace_back(1000);
  config.mounts = {{.host_path = directory.path(), .read_only = false}};
  config.standard_input = config.standard_output = config.standard_error = null.descriptor();
  config.pages = &pages;
  const auto services = host::Services::create(std::move(config)).value();

  NetworkStandIn network(*services);
  std::mt19937_64 random(seed);
  RandomArguments arguments(random());
  Liar liar(
      random(), tally,
      [&](std::span<std::byte> arena) {
        const auto& header = *reinterpret_cast<const ArenaHeader*>(arena.data());
        if (header.call == static_cast<uint64_t>(hostcall::Call::file_show))
          return serve_by_copying(*services, arena);
        network.serve(arena);
      },
      std::bit_cast<uint64_t>(&arguments));
  // So that the fourth handle is a file with something in it.
  testing::set_host([&] { liar.answer_honestly(testing::test_arena()); });
  wasi::Filestat stat{};
  if (hostcall::file_open(hostcall::kFirstMount, "file", 0, 0, hostcall::kOpenRead, stat) !=
      hostcall::kFirstMount + 1) {
    finding(seed, liar, "an honest host does not open a file");
  }
  ++endings.sessions;
  for (size_t step = 0; step < kStepsASession; ++step) {
    const CallRow& row = hostcall::kCalls[random() % hostcall::kCalls.size()];
    auto lie = static_cast<Lie>(random() % kLieCount);
    const bool rarely = lie == Lie::changed_after_check && random() % 4 != 0;
    const bool honest = random() % 8 == 0;  // also what a liar remembers
    if (!honest && (rarely || !applies(lie, row))) continue;
    testing::set_host([&] {
      if (honest) {
        liar.answer_honestly(testing::test_arena());
      } else {
        liar.answer_with(testing::test_arena(), lie);
      }
    });
    arguments.begin();
    Errno error{};
    const auto attack = testing::host_attack_in([&] { error = hostcall::make_call(row.call, arguments); });
    liar.end_race();
    ++endings.calls;
    if (attack) {
      ++endings.host_attack;
      liar.was_found_out();
    }
    judge(seed, liar, arguments, attack, error);
  }
}

}  // namespace twine::test

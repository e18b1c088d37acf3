// The program and the storm session (hostile_session.h).
#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "copied_window.h"
#include "enclave/wasi/layout.h"
#include "hostile_session.h"
#include "unit/in_process_platform.h"
#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine::test {
namespace {

using testing::WasiProgram;
using wasi::Errno;

constexpr uint32_t kHostRoot = 3;
constexpr uint32_t kMemoryRoot = 4;
constexpr uint32_t kActions = 60;
constexpr uint32_t kStormCalls = 200;
constexpr uint32_t kMemoryFileSize = 5000;
constexpr uint32_t kCanary = 49152;  // a region that no call is given
constexpr uint32_t kCanarySize = 4096;
// Beyond what the storm's pointers and lengths reach together.
constexpr uint32_t kFarCanary = 3 << 20;
constexpr uint32_t kBuffer = WasiProgram::kData;
constexpr uint32_t kBufferSize = 8192;
constexpr char kUntouched = '\x77';

struct World {
  World() {
    directory.write("file", "contents of a file");
    directory.write("large", std::string(700'000, 'l'));
    std::filesystem::create_directory(directory / "directory");
    for (int i = 0; i < 12; ++i) directory.write("directory/entry" + std::to_string(i), "x");
    std::filesystem::create_symlink("file", directory / "link");
  }
  testing::TemporaryDirectory directory;
  WasiProgram program{{.mounts = {{.host_path = directory.path(), .read_only = false}}},
                      {.arguments = {"guest", "argument"},
                       .environment = {"NAME=value"},
                       .mounts = {{.guest_path = "/host", .read_only = false},
                                  {.guest_path = "/memory", .read_only = false, .memory_bytes = 1 << 20}}}};
};

// A program that knows what it has done.
class ModelledProgram {
 public:
  ModelledProgram(uint64_t seed, Tally& tally, Endings& endings)
      : seed_(seed),
        random_(seed),
        endings_(endings),
        liar_(
            random_(), tally,
            [this](std::span<std::byte> arena) { serve_by_copying(program().services(), arena); },
            std::bit_cast<uint64_t>(this)) {}

  void run() {
    // One session in sixteen is honest: then nothing may be taken for an attack, and the model holds without exception.
    one_in_ = random(16) == 0 ? 0 : static_cast<uint32_t>(2 + random(12));
    program().type("input");
    program().end_input();
    program().never_wait_for_readers();
    program().store_text(kCanary, std::string(kCanarySize, kUntouched));
    prepare();
    testing::set_host([this] {
      if (one_in_ == 0) {
        liar_.answer_honestly(testing::test_arena());
      } else {
        liar_.answer(testing::test_arena(), one_in_);
      }
      lied_ = lied_ || liar_.last().lie.has_value();
    });
    std::optional<std::string> attack;
    for (uint32_t action = 0; action < kActions && !attack; ++action) {
      attack = testing::host_attack_in([&] { act(); });
      ++endings_.calls;
    }
    liar_.end_race();
    if (attack) judge_attack(*attack);
    require(program().text(kCanary, kCanarySize) == std::string(kCanarySize, kUntouched),
            "memory was written that no call was given");
    program().connect();
  }

 private:
  struct Open {
    wasi::Filetype type{};
    bool appends = false;  // then the position after a write is the host's word
    bool position_known = false;
    uint64_t position = 0;
  };

  WasiProgram& program() { return world_.program; }
  uint64_t random(uint64_t below) { return random_() % below; }
  void require(bool holds, const char* what) {
    if (!holds) finding(seed_, liar_, what);
  }
  // A call's outcome; whatever the host says, one of WASI's.
  Errno checked(Errno error) {
    require(static_cast<uint16_t>(error) < wasi::kErrnoCount,
            "an errno that does not exist reached the guest");
    return error;
  }
  // Runs `body`, which must not ask the host.
  template <typename Body>
  auto inside(const char* what, Body&& body) {
    const uint64_t before = testing::host_calls_made();
    const auto result = body();
    require(testing::host_calls_made() == before, what);
    return result;
  }

  void judge_attack(const std::string& attack) {
    ++endings_.host_attack;
    liar_.was_found_out();
    require(lied_, "an honest host was called an attacker");
    require(liar_.last().row != nullptr && attack.starts_with(std::string(liar_.last().row->name) + ": "),
            "the attack names another call");
  }

  // What the memory file system holds is written before the first lie.
  void prepare() {
    const auto fd = program().open(kMemoryRoot, "data", wasi::oflags::creat);
    require(fd.has_value(), "a memory file cannot be made");
    memory_file_ = *fd;
    opened_[*fd] = {.type = wasi::Filetype::regular_file, .position_known = false};
    for (uint32_t i = 0; i < kMemoryFileSize; ++i) memory_.push_back(static_cast<char>(random(256)));
    require(program().write(memory_file_, memory_) == kMemoryFileSize, "a memory file cannot be written");
  }

  void act() {
    using Action = void (ModelledProgram::*)();
    constexpr Action kActionsOfAProgram[] = {
        &ModelledProgram::open_file,  &ModelledProgram::read_file, &ModelledProgram::write_file,
        &ModelledProgram::seek,       &ModelledProgram::list,      &ModelledProgram::stat_path,
        &ModelledProgram::stat_open,  &ModelledProgram::clocks,    &ModelledProgram::poll,
        &ModelledProgram::names,      &ModelledProgram::links,     &ModelledProgram::random_bytes,
        &ModelledProgram::change,     &ModelledProgram::close_one, &ModelledProgram::memory,
        &ModelledProgram::own_world,  &ModelledProgram::output,    &ModelledProgram::renumber,
        &ModelledProgram::read_large,
    };
    (this->*kActionsOfAProgram[random(std::size(kActionsOfAProgram))])();
  }

  // Any open descriptor of the host's, or none.
  std::optional<uint32_t> some_file() {
    if (opened_.size() < 2) return std::nullopt;
    auto at = std::next(opened_.begin(), static_cast<ptrdiff_t>(random(opened_.size())));
    if (at->first == memory_file_) return std::nullopt;
    return at->first;
  }

  void open_file() {
    constexpr std::string_view kPaths[] = {"file", "link",    "large",           "directory",
                                           "new",  "missing", "directory/entry3"};
    const std::string_view path = kPaths[random(std::size(kPaths))];
    const auto oflags = static_cast<wasi::Oflags>(path == "new"         ? wasi::oflags::creat
                                                  : path == "directory" ? wasi::oflags::directory
                                                                        : 0);
    const auto fdflags = static_cast<wasi::Fdflags>(random(4) == 0 ? wasi::fdflags::append : 0);
    const auto fd = program().open(kHostRoot, path, oflags, wasi::rights::all, fdflags);
    if (!fd) {
      checked(fd.error());
      return;
    }
    require(!opened_.contains(*fd) && *fd > kMemoryRoot, "a descriptor that is open was given out again");
    Open open;
    require(program().call("fd_fdstat_get", {*fd, 64}) == Errno::success, "an open file has no fdstat");
    open.type = program().load<wasi::Fdstat>(64).fs_filetype;
    require(path != "directory" || open.type == wasi::Filetype::directory,
            "what was to be a directory is none");
    open.appends = fdflags != 0;
    open.position_known = open.type == wasi::Filetype::regular_file && !open.appends;
    opened_[*fd] = open;
  }

  void read_file() {
    const auto fd = some_file();
    if (!fd) return;
    Open& open = opened_[*fd];
    const auto size = static_cast<uint32_t>(random(600));
    program().store_text(kBuffer, std::string(kBufferSize, kUntouched));
    program().store(WasiProgram::kIovecs, wasi::Iovec{kBuffer, size});
    if (checked(program().call("fd_read", {*fd, WasiProgram::kIovecs, 1, WasiProgram::kResult})) !=
        Errno::success) {
      return untouched_beyond(size);
    }
    const uint32_t count = program().result();
    require(count <= size, "more was read than was asked for");
    untouched_beyond(count);
    if (open.position_known) open.position += count;
    tell(*fd, open);
  }

  // So long that the file is shown rather than read.
  void read_large() {
    constexpr uint32_t kLarge = 300'000;
    const auto fd = some_file();
    if (!fd) return;
    Open& open = opened_[*fd];
    program().store(WasiProgram::kIovecs, wasi::Iovec{kBuffer, kLarge});
    program().store_text(kBuffer + kLarge, std::string(kBufferSize, kUntouched));
    const bool positioned = random(2) == 0;
    const Errno error = positioned
                            ? program().call("fd_pread", {*fd, WasiProgram::kIovecs, 1,
                                                          random(2) * random(100'000), WasiProgram::kResult})
                            : program().call("fd_read", {*fd, WasiProgram::kIovecs, 1, WasiProgram::kResult});
    require(program().text(kBuffer + kLarge, kBufferSize) == std::string(kBufferSize, kUntouched),
            "bytes behind a buffer were written");
    if (checked(error) != Errno::success) return;
    require(program().result() <= kLarge, "more was read than was asked for");
    if (!positioned && open.position_known) open.position += program().result();
    tell(*fd, open);
  }

  void untouched_beyond(uint32_t size) {
    require(program().text(kBuffer + size, kBufferSize - size) == std::string(kBufferSize - size, kUntouched),
            "bytes beyond what was read were written");
  }

  void tell(uint32_t fd, const Open& open) {
    if (!open.position_known) return;
    const Errno error = inside("fd_tell asked the host",
                               [&] { return program().call("fd_tell", {fd, WasiProgram::kResult}); });
    require(error == Errno::success && program().load<uint64_t>(WasiProgram::kResult) == open.position,
            "the file position moved by itself");
  }

  void write_file() {
    const auto fd = some_file();
    if (!fd) return;
    Open& open = opened_[*fd];
    const std::string data(random(200), 'w');
    if (open.appends) open.position_known = false;
    const auto count = program().write(*fd, data);
    if (!count) {
      checked(count.error());
      return;
    }
    require(*count <= data.size(), "more was written than was given");
    if (open.position_known) open.position += *count;
    tell(*fd, open);
  }

  void seek() {
    const auto fd = some_file();
    if (!fd) return;
    Open& open = opened_[*fd];
    if (open.type != wasi::Filetype::regular_file) return;
    if (random(3) == 0) {
      const auto end = program().seek(*fd, 0, wasi::Whence::end);
      if (!end) {
        checked(end.error());
        return;
      }
      require(*end <= uint64_t{1} << 63, "a position beyond 2^63");
      open.position = *end;
      open.position_known = true;
      return tell(*fd, open);
    }
    const uint64_t to = random(1000);
    const auto position = program().seek(*fd, static_cast<int64_t>(to), wasi::Whence::set);
    require(position == to, "seeking to a place leads elsewhere");
    open.position = to;
    open.position_known = true;
    tell(*fd, open);
  }

  void list() {
    const auto size = static_cast<uint32_t>(24 + random(1500));
    program().store_text(kBuffer, std::string(kBufferSize, kUntouched));
    const uint64_t cookie = random(3) == 0 ? 0 : next_cookie_;
    if (checked(program().call("fd_readdir", {kHostRoot, kBuffer, size, cookie, WasiProgram::kResult})) !=
        Errno::success) {
      next_cookie_ = 0;
      return untouched_beyond(size);
    }
    const uint32_t used = program().result();
    require(used <= size, "more entries were listed than fit");
    untouched_beyond(used);
    uint64_t last = cookie;
    for (uint32_t at = 0; at + sizeof(wasi::Dirent) <= used;) {
      const auto entry = program().load<wasi::Dirent>(kBuffer + at);
      require(entry.d_namlen >= 1 && entry.d_namlen <= hostcall::kMaxName,
              "a name that is too long or empty");
      require(static_cast<uint8_t>(entry.d_type) < wasi::kFiletypeCount,
              "an entry's file type does not exist");
      require(entry.d_next > last, "cookies do not ascend: a listing may never end");
      last = entry.d_next;
      at += sizeof entry;
      const std::string name = program().text(kBuffer + at, std::min(entry.d_namlen, used - at));
      require(name.find('/') == name.npos && name.find('\0') == name.npos,
              "a name with a slash or a NUL reached the guest");
      at += entry.d_namlen;
      if (at <= used) next_cookie_ = entry.d_next;
    }
  }

  void stat_path() {
    constexpr std::string_view kPaths[] = {"file", "link", "large", "directory", ".", "missing"};
    const auto stat = program().stat(kHostRoot, kPaths[random(std::size(kPaths))], random(2) == 0);
    if (!stat) {
      checked(stat.error());
      return;
    }
    require(static_cast<uint8_t>(stat->filetype) < wasi::kFiletypeCount,
            "a file type that does not exist reached the guest");
  }

  void stat_open() {
    const auto fd = some_file();
    if (!fd) return;
    if (checked(program().call("fd_filestat_get", {*fd, 64})) != Errno::success) return;
    require(program().load<wasi::Filestat>(64).filetype == opened_[*fd].type,
            "an open file became one of another type");
  }

  void clocks() {
    const uint64_t clock = random(wasi::kClockCount);
    if (checked(program().call("clock_res_get", {clock, WasiProgram::kResult})) == Errno::success) {
      const auto resolution = program().load<uint64_t>(WasiProgram::kResult);
      require(resolution >= 1 && resolution <= 1'000'000'000, "a resolution that no clock has");
    }
    if (checked(program().call("clock_time_get", {clock, 0, WasiProgram::kResult})) != Errno::success) return;
    const auto now = program().load<uint64_t>(WasiProgram::kResult);
    require(now <= uint64_t{1} << 63, "a time beyond 2^63");
    if (clock == static_cast<uint64_t>(wasi::Clock::realtime)) return;
    require(now >= latest_[clock], "a clock ran backwards");
    latest_[clock] = now;
  }

  void poll() {
    std::array<wasi::Subscription, 2> subscriptions{};
    subscriptions[0].userdata = 11;
    subscriptions[0].tag = static_cast<uint8_t>(wasi::Eventtype::fd_read);
    subscriptions[0].id_or_fd = 0;
    subscriptions[1].userdata = 22;
    subscriptions[1].tag = static_cast<uint8_t>(wasi::Eventtype::clock);
    subscriptions[1].id_or_fd = static_cast<uint32_t>(wasi::Clock::monotonic);
    subscriptions[1].timeout = random(2000);
    program().store(kBuffer, subscriptions);
    if (checked(program().call("poll_oneoff", {kBuffer, kBuffer + 1024, 2, WasiProgram::kResult})) !=
        Errno::success)
      return;
    const uint32_t count = program().result();
    require(count >= 1 && count <= 2, "more events than subscriptions, or none");
    for (uint32_t i = 0; i < count; ++i) {
      const auto event =
          program().load<wasi::Event>(kBuffer + 1024 + i * static_cast<uint32_t>(sizeof(wasi::Event)));
      const bool is_clock = event.type == wasi::Eventtype::clock;
      require(event.userdata == (is_clock ? 22U : 11U), "an event answers no subscription");
      require(static_cast<uint16_t>(event.error) < wasi::kErrnoCount, "an event's errno does not exist");
    }
  }

  void names() {
    checked(program().on_path("path_create_directory", kHostRoot, "made"));
    checked(program().on_two_paths("path_rename", kHostRoot, "new", kHostRoot, "made/renamed"));
    checked(program().on_two_paths("path_link", kHostRoot, "file", kHostRoot, "hard"));
    checked(program().on_path("path_unlink_file", kHostRoot, "hard"));
    checked(program().on_path("path_unlink_file", kHostRoot, "made/renamed"));
    checked(program().on_path("path_remove_directory", kHostRoot, "made"));
  }

  void links() {
    checked(program().symlink("target/of/link", kHostRoot, "soft"));
    program().store_text(WasiProgram::kPath, "soft");
    program().store_text(kBuffer, std::string(kBufferSize, kUntouched));
    const auto size = static_cast<uint32_t>(random(100));
    const Errno error = checked(program().call(
        "path_readlink", {kHostRoot, WasiProgram::kPath, 4, kBuffer, size, WasiProgram::kResult}));
    if (error == Errno::success) {
      const uint32_t used = program().result();
      require(used <= size, "a link longer than the buffer");
      untouched_beyond(used);
      const std::string contents = program().text(kBuffer, used);
      require(!contents.starts_with('/'), "an absolute link was told");
      require(contents.find('\0') == contents.npos, "a link with a NUL reached the guest");
    }
    checked(program().on_path("path_unlink_file", kHostRoot, "soft"));
  }

  void random_bytes() {
    const Errno error =
        inside("random_get asked the host", [&] { return program().call("random_get", {kBuffer, 32}); });
    require(error == Errno::success && program().text(kBuffer, 32) != std::string(32, '\0'),
            "random_get yields nothing");
  }

  void change() {
    const auto fd = some_file();
    if (!fd) return;
    checked(program().call("fd_filestat_set_size", {*fd, random(100)}));
    checked(program().call("fd_allocate", {*fd, random(100), 1 + random(100)}));
    checked(program().call("fd_advise", {*fd, 0, random(100), random(6)}));
    checked(program().call("fd_filestat_set_times", {*fd, random_() >> 1, random_() >> 1, 5}));
    checked(program().call("fd_sync", {*fd}));
    checked(program().call("fd_datasync", {*fd}));
    checked(program().call("sched_yield", {}));
  }

  void close_one() {
    const auto fd = some_file();
    if (!fd) return;
    opened_.erase(*fd);
    checked(program().call("fd_close", {*fd}));
    const Errno error = inside("a closed descriptor asked the host",
                               [&] { return program().call("fd_tell", {*fd, WasiProgram::kResult}); });
    require(error == Errno::badf, "a closed descriptor is still open");
  }

  void renumber() {
    const auto from = some_file();
    const auto to = some_file();
    if (!from || !to || *from == *to) return;
    const Open moved = opened_[*from];
    opened_.erase(*from);
    opened_[*to] = moved;
    require(checked(program().call("fd_renumber", {*from, *to})) == Errno::success,
            "open descriptors cannot be renumbered");
    tell(*to, moved);
  }

  // The host has no part in what memory holds: it must be what was written, lies or not.
  void memory() {
    const auto at = static_cast<uint32_t>(random(kMemoryFileSize));
    const auto size = static_cast<uint32_t>(random(kMemoryFileSize - at));
    program().store(WasiProgram::kIovecs, wasi::Iovec{kBuffer, size});
    const bool writes = random(2) == 0;
    if (writes) {
      for (uint32_t i = 0; i < size; ++i) memory_[at + i] = static_cast<char>(random(256));
      program().store_text(kBuffer, std::string_view(memory_).substr(at, size));
    }
    const Errno error = program().call(writes ? "fd_pwrite" : "fd_pread",
                                       {memory_file_, WasiProgram::kIovecs, 1, at, WasiProgram::kResult});
    require(error == Errno::success && program().result() == size,
            "a memory file is read or written in part");
    require(program().text(kBuffer, size) == std::string_view(memory_).substr(at, size),
            "a memory file holds other bytes than were written");
  }

  // Arguments, environment and mounts come from the manifest.
  void own_world() {
    static_cast<void>(inside("the manifest's part asked the host", [&] {
      require(program().call("args_get", {64, kBuffer}) == Errno::success &&
                  program().text(kBuffer, 15) == std::string("guest\0argument\0", 15),
              "the arguments changed");
      require(program().call("environ_get", {64, kBuffer}) == Errno::success &&
                  program().text(kBuffer, 11) == std::string("NAME=value\0", 11),
              "the environment changed");
      require(program().call("fd_prestat_dir_name", {kHostRoot, kBuffer, 5}) == Errno::success &&
                  program().text(kBuffer, 5) == "/host",
              "a mount changed its name");
      return 0;
    }));
  }

  void output() {
    const std::string text(random(60), 'o');
    const auto count = program().write(1 + static_cast<uint32_t>(random(2)), text);
    if (count) {
      require(*count <= text.size(), "more was written than was given");
    } else {
      checked(count.error());
    }
    const auto input = program().read(0, 10);
    if (!input) checked(input.error());
  }

  uint64_t seed_;
  std::mt19937_64 random_;
  Endings& endings_;
  World world_;
  Liar liar_;
  uint32_t one_in_ = 0;
  bool lied_ = false;
  uint32_t memory_file_ = 0;
  std::string memory_;
  std::map<uint32_t, Open> opened_;
  uint64_t next_cookie_ = 0;
  std::array<uint64_t, wasi::kClockCount> latest_{};
};

}  // namespace

void run_program_session(uint64_t seed, Tally& tally, Endings& endings) {
  ++endings.sessions;
  ModelledProgram program(seed, tally, endings);
  program.run();
}

void run_storm_session(uint64_t seed, Tally& tally, Endings& endings) {
  ++endings.sessions;
  World world;
  WasiProgram& program = world.program;
  std::mt19937_64 random(seed);
  Liar liar(
      random(), tally, [&](std::span<std::byte> arena) { program.services().serve(arena); },
      std::bit_cast<uint64_t>(&world));
  program.type("input");
  program.end_input();
  program.never_wait_for_readers();
  program.store_text(kFarCanary, std::string(kCanarySize, kUntouched));
  const auto one_in = static_cast<uint32_t>(2 + random() % 20);
  testing::set_host([&] { liar.answer(testing::test_arena(), one_in); });
  const auto functions = wasi::wasi_preview1_functions();
  const auto attack = testing::host_attack_in([&] {
    for (uint32_t call = 0; call < kStormCalls; ++call) {
      const auto& function = functions[random() % functions.size()];
      if (function.name == "proc_exit" || function.name == "poll_oneoff")
        continue;  // poll on garbage waits for ever, as it should
      // Small numbers are descriptors, lengths and flags; the others lie in memory that calls may write to.
      std::array<uint64_t, 9> arguments{};
      for (uint64_t& argument : arguments) {
        const uint64_t kind = random() % 4;
        argument = kind == 0 ? random() % 12 : kind == 1 ? random() % 300 : kBuffer + random() % 4096;
      }
      constexpr std::string_view kPaths[] = {"file", "dir", "link", "../x", "/etc", "new"};
      program.store_text(kBuffer + static_cast<uint32_t>(random() % 4096),
                         kPaths[random() % std::size(kPaths)]);
      ++endings.calls;
      const size_t parameters = function.signature.find(':');
      const HostOutcome outcome = program.invoke(function.name, std::span(arguments).first(parameters));
      if (outcome.kind == HostOutcome::Kind::exited) return;
    }
  });
  liar.end_race();
  if (attack) {
    ++endings.host_attack;
    liar.was_found_out();
    if (!attack->starts_with(std::string(liar.last().row->name) + ": "))
      finding(seed, liar, "the attack names another call");
  }
  if (program.text(kFarCanary, kCanarySize) != std::string(kCanarySize, kUntouched))
    finding(seed, liar, "memory was written that no call was given");
  program.connect();
}

}  // namespace twine::test

// A program in an enclave whose host lies in exactly one reply: every scenario × every host call it makes ×
// every lie. Whatever is answered, the enclave ends with `host attack`, or the program goes on with a result
// that could be true; its memory changes only where the call said it would.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/hostcall_table.h"
#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine {
namespace {

using hostcall::Call;
using ::testing::HasSubstr;
using testing::WasiProgram;
using wasi::Errno;

constexpr uint32_t kRoot = 3;

struct Scenario {
  const char* name;
  void (*run)(WasiProgram& program);
};

void make_path(WasiProgram& program, std::string_view path) {
  program.store_text(WasiProgram::kPath, path);
}

// Each leaves results below 4096, in kIovecs or from kData on, nowhere else.
constexpr Scenario kScenarios[] = {
    {"clocks",
     [](WasiProgram& p) {
       for (uint64_t clock = 0; clock < 4; ++clock) {
         p.call("clock_time_get", {clock, 0, 16});
         p.call("clock_res_get", {clock, 16});
       }
     }},
    {"write_stdout", [](WasiProgram& p) { static_cast<void>(p.write(1, "hello")); }},
    {"read_file",
     [](WasiProgram& p) {
       const auto fd = p.open(kRoot, "file");
       if (fd) static_cast<void>(p.read(*fd, 100));
     }},
    {"append_and_seek",
     [](WasiProgram& p) {
       const auto fd = p.open(kRoot, "log", wasi::oflags::creat, wasi::rights::all, wasi::fdflags::append);
       if (!fd) return;
       static_cast<void>(p.write(*fd, "line"));
       static_cast<void>(p.seek(*fd, 0, wasi::Whence::cur));
       static_cast<void>(p.seek(*fd, 0, wasi::Whence::end));
       p.call("fd_close", {*fd});
     }},
    {"write_large",
     [](WasiProgram& p) {
       const auto fd = p.open(kRoot, "large", wasi::oflags::creat);
       if (!fd) return;
       p.store(WasiProgram::kIovecs, wasi::Iovec{WasiProgram::kData, 3'000'000});
       p.call("fd_pwrite", {*fd, WasiProgram::kIovecs, 1, 5, 16});
       p.call("fd_pread", {*fd, WasiProgram::kIovecs, 1, 5, 16});
     }},
    {"stat",
     [](WasiProgram& p) {
       static_cast<void>(p.stat(kRoot, "file"));
       p.call("fd_filestat_get", {0, 64});
       p.call("fd_fdstat_get", {1, 64});
     }},
    {"list_directory", [](WasiProgram& p) { p.call("fd_readdir", {kRoot, WasiProgram::kData, 300, 0, 16}); }},
    {"names",
     [](WasiProgram& p) {
       p.on_path("path_create_directory", kRoot, "new");
       p.on_two_paths("path_rename", kRoot, "file", kRoot, "new/file");
       p.on_two_paths("path_link", kRoot, "new/file", kRoot, "link");
       p.on_path("path_unlink_file", kRoot, "link");
       p.on_path("path_remove_directory", kRoot, "new");
     }},
    {"symlinks",
     [](WasiProgram& p) {
       p.symlink("file", kRoot, "symlink");
       make_path(p, "symlink");
       p.call("path_readlink", {kRoot, WasiProgram::kPath, 7, WasiProgram::kData, 100, 16});
     }},
    {"change_file",
     [](WasiProgram& p) {
       const auto fd = p.open(kRoot, "file");
       if (!fd) return;
       p.call("fd_filestat_set_size", {*fd, 3});
       p.call("fd_allocate", {*fd, 0, 10});
       p.call("fd_advise", {*fd, 0, 0, 1});
       p.call("fd_filestat_set_times", {*fd, 1, 2, 5});
       p.call("fd_fdstat_set_flags", {*fd, 1});
       p.call("fd_sync", {*fd});
       p.call("fd_datasync", {*fd});
     }},
    {"poll",
     [](WasiProgram& p) {
       p.type("input");
       p.store(WasiProgram::kData, wasi::Subscription{.userdata = 1,
                                                      .tag = 1,
                                                      .padding0 = {},
                                                      .id_or_fd = 0,
                                                      .padding1 = 0,
                                                      .timeout = 0,
                                                      .precision = 0,
                                                      .flags = 0,
                                                      .padding2 = {}});
       p.store(WasiProgram::kData + 48, wasi::Subscription{.userdata = 2,
                                                           .tag = 0,
                                                           .padding0 = {},
                                                           .id_or_fd = 1,
                                                           .padding1 = 0,
                                                           .timeout = 1000,
                                                           .precision = 0,
                                                           .flags = 0,
                                                           .padding2 = {}});
       p.call("poll_oneoff", {WasiProgram::kData, WasiProgram::kData + 1024, 2, 16});
     }},
    {"yield", [](WasiProgram& p) { p.call("sched_yield", {}); }},
};

// What the host makes of an honest reply that stands in the arena.
struct Lie {
  const char* name;
  void (*tell)(ArenaHeader& header, std::span<std::byte> data);
};

constexpr Lie kLies[] = {
    {"a huge result",
     [](ArenaHeader& header, std::span<std::byte>) { header.result = std::numeric_limits<int64_t>::max(); }},
    {"one too many", [](ArenaHeader& header, std::span<std::byte>) { ++header.result; }},
    {"4 GiB more", [](ArenaHeader& header, std::span<std::byte>) { header.result += int64_t{1} << 32; }},
    {"negative garbage",
     [](ArenaHeader& header, std::span<std::byte>) { header.result = std::numeric_limits<int64_t>::min(); }},
    {"an errno that does not exist",
     [](ArenaHeader& header, std::span<std::byte>) { header.result = -1000; }},
    {"an errno of another call",
     [](ArenaHeader& header, std::span<std::byte>) { header.result = -int64_t{14}; }},
    {"an errno of this call",
     [](ArenaHeader& header, std::span<std::byte>) { header.result = -int64_t{29}; }},
    {"zero", [](ArenaHeader& header, std::span<std::byte>) { header.result = 0; }},
    {"data of ones", [](ArenaHeader&, std::span<std::byte> data) { std::memset(data.data(), 0xff, 8192); }},
    {"data of zeroes", [](ArenaHeader&, std::span<std::byte> data) { std::memset(data.data(), 0, 8192); }},
    {"other arguments",
     [](ArenaHeader& header, std::span<std::byte>) { std::memset(header.args, 0xff, sizeof header.args); }},
    {"another call", [](ArenaHeader& header, std::span<std::byte>) { header.call = ~header.call; }},
};

class HostileHost : public ::testing::TestWithParam<Scenario> {
 protected:
  struct Run {
    std::optional<std::string> attack;
    uint64_t host_calls = 0;
    bool memory_intact = true;
  };

  // Runs the scenario; `lie`, if there is one, is told in the reply to host call `index`.
  Run run(const Lie* lie, uint64_t index) {
    const testing::TemporaryDirectory directory;
    directory.write("file", "contents");
    WasiProgram program(
        {.mounts = {{.host_path = directory.path(), .read_only = false}}},
        {.arguments = {}, .environment = {}, .mounts = {{.guest_path = ".", .read_only = false}}});
    Run result;
    testing::set_host([&] {
      program.services().serve(testing::test_arena());
      if (lie != nullptr && result.host_calls == index) {
        lie->tell(testing::test_arena_header(), testing::test_arena().subspan(kArenaDataOffset));
      }
      ++result.host_calls;
    });
    const std::string canary(4096, '\x5a');
    program.store_text(kCanary, canary);
    result.attack = testing::host_attack_in([&] { GetParam().run(program); });
    result.memory_intact = program.text(kCanary, canary.size()) == canary;
    return result;
  }

  static constexpr uint32_t kCanary = 49152;  // between what calls read and where they write
};

INSTANTIATE_TEST_SUITE_P(Adversarial, HostileHost, ::testing::ValuesIn(kScenarios),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(HostileHost, NeverGetsMoreThanItsDueFromOneLie) {
  const Run honest = run(nullptr, 0);
  ASSERT_EQ(honest.attack, std::nullopt);
  ASSERT_GT(honest.host_calls, 0U);
  for (uint64_t index = 0; index < honest.host_calls; ++index) {
    for (const Lie& lie : kLies) {
      const Run lied = run(&lie, index);
      EXPECT_TRUE(lied.memory_intact) << lie.name << " in host call " << index;
    }
  }
}

TEST_P(HostileHost, EndsTheEnclaveByAResultThatCannotBe) {
  const Run honest = run(nullptr, 0);
  for (uint64_t index = 0; index < honest.host_calls; ++index) {
    for (const Lie& lie : kLies) {
      const std::string_view name = lie.name;
      if (name == "negative garbage" || name == "an errno that does not exist" ||
          name == "an errno of another call") {
        EXPECT_THAT(run(&lie, index).attack, ::testing::Optional(HasSubstr("errno")))
            << name << " in host call " << index;
      }
    }
  }
}

// ---------------------------------------------------------------- what a host would really try

class HostileHostTrying : public ::testing::Test {
 protected:
  HostileHostTrying() { directory_.write("file", "contents"); }

  // The attack that `body` ends in when `lie` is told in each reply to `call`.
  std::optional<std::string> attack(Call call, const std::function<void(ArenaHeader&)>& lie,
                                    const std::function<void()>& body) {
    testing::set_host([this, call, lie] {
      ArenaHeader& header = testing::test_arena_header();
      program_.services().serve(testing::test_arena());
      if (header.call == static_cast<uint64_t>(call)) lie(header);
    });
    auto what = testing::host_attack_in(body);
    program_.connect();
    return what;
  }

  testing::TemporaryDirectory directory_;
  WasiProgram program_{
      {.mounts = {{.host_path = directory_.path(), .read_only = false}}},
      {.arguments = {}, .environment = {}, .mounts = {{.guest_path = ".", .read_only = false}}}};
};

TEST_F(HostileHostTrying, ToClaimMoreReadThanWasAskedFor) {
  const auto fd = program_.open(kRoot, "file");
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(attack(
                Call::file_read, [](ArenaHeader& header) { header.result = 5001; },
                [&] { static_cast<void>(program_.read(*fd, 5000)); }),
            "file_read: result 5001 is not between 0 and 5000");
}

TEST_F(HostileHostTrying, ToClaimMoreWrittenThanWasGiven) {
  EXPECT_EQ(attack(
                Call::file_write, [](ArenaHeader& header) { header.result = 6; },
                [&] { static_cast<void>(program_.write(1, "hello")); }),
            "file_write: result 6 is not between 0 and 5");
}

TEST_F(HostileHostTrying, ToGiveOneHandleTwice) {
  const auto fd = program_.open(kRoot, "file");
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(attack(
                Call::file_open, [](ArenaHeader& header) { header.result = 4; },
                [&] { static_cast<void>(program_.open(kRoot, "file")); }),
            "file_open: the handle is open already");
}

TEST_F(HostileHostTrying, ToPassAFileForADirectory) {
  std::filesystem::create_directory(directory_ / "sub");
  EXPECT_EQ(
      attack(
          Call::file_open,
          [](ArenaHeader& header) {
            auto* stat = reinterpret_cast<wasi::Filestat*>(testing::test_arena().data() + header.args[6]);
            stat->filetype = wasi::Filetype::regular_file;
          },
          [&] {
            static_cast<void>(program_.open(kRoot, "sub", wasi::oflags::directory, wasi::rights::fd_readdir));
          }),
      "file_open: what was to be a directory is none");
}

TEST_F(HostileHostTrying, ToNameAFileDotDotSlash) {
  EXPECT_EQ(attack(
                Call::directory_read,
                [](ArenaHeader& header) {
                  auto* entry = reinterpret_cast<hostcall::DirectoryEntry*>(testing::test_arena().data() +
                                                                            header.args[2]);
                  entry->name_length = 3;
                  std::memcpy(entry + 1, "../", 3);
                },
                [&] { program_.call("fd_readdir", {kRoot, WasiProgram::kData, 300, 0, 16}); }),
            "directory_read: a name holds a slash or a NUL");
}

TEST_F(HostileHostTrying, ToStopTheClockUnderATimer) {
  // One time in the far future, and then none that passes: the timer must run out nevertheless.
  int readings = 0;
  EXPECT_EQ(attack(
                Call::clock_time,
                [&readings](ArenaHeader& header) {
                  header.result = ++readings == 2 ? std::numeric_limits<int64_t>::max() : 1;
                },
                [&] {
                  program_.store(WasiProgram::kData, wasi::Subscription{.userdata = 1,
                                                                        .tag = 0,
                                                                        .padding0 = {},
                                                                        .id_or_fd = 1,
                                                                        .padding1 = 0,
                                                                        .timeout = 1'000'000,
                                                                        .precision = 0,
                                                                        .flags = 0,
                                                                        .padding2 = {}});
                  EXPECT_EQ(
                      program_.call("poll_oneoff", {WasiProgram::kData, WasiProgram::kData + 1024, 1, 16}),
                      Errno::success);
                }),
            std::nullopt);
  EXPECT_EQ(program_.load<uint32_t>(16), 1U);
}

TEST_F(HostileHostTrying, ToTellATimeBeyondTheManifest) {
  WasiProgram bounded({}, {.arguments = {},
                           .environment = {},
                           .mounts = {},
                           .wall_time = {.not_before = 1'000'000, .not_after = 2'000'000}});
  int64_t said = 1'500'000;
  testing::set_host([&] {
    bounded.services().serve(testing::test_arena());
    testing::test_arena_header().result = said;
  });
  EXPECT_EQ(bounded.call("clock_time_get", {0, 0, 16}), Errno::success);
  EXPECT_EQ(bounded.load<uint64_t>(16), 1'500'000U);
  for (const int64_t lie : {int64_t{0}, int64_t{999'999}, int64_t{2'000'001}}) {
    said = lie;
    EXPECT_EQ(testing::host_attack_in([&] { bounded.call("clock_time_get", {0, 0, 16}); }),
              "clock_time: the wall time is not within the launch manifest's bounds");
  }
}

TEST_F(HostileHostTrying, ToListADirectoryForEver) {
  for (const uint64_t cookie : {uint64_t{0}, uint64_t{7}}) {
    EXPECT_EQ(attack(
                  Call::directory_read,
                  [cookie](ArenaHeader& header) {
                    auto* entry = reinterpret_cast<hostcall::DirectoryEntry*>(testing::test_arena().data() +
                                                                              header.args[2]);
                    entry->next_cookie = cookie;  // of the first; the second says 2
                  },
                  [&] { program_.call("fd_readdir", {kRoot, WasiProgram::kData, 300, 0, 16}); }),
              "directory_read: the cookies do not ascend");
  }
}

TEST_F(HostileHostTrying, ToEndALinkBeforeItsEnd) {
  std::filesystem::create_symlink("file.harmless", directory_ / "link");
  EXPECT_EQ(attack(
                Call::symlink_read,
                [](ArenaHeader& header) { testing::test_arena()[header.args[3] + 4] = std::byte{0}; },
                [&] {
                  program_.store_text(WasiProgram::kPath, "link");
                  program_.call("path_readlink", {kRoot, WasiProgram::kPath, 4, WasiProgram::kData, 100, 16});
                }),
            "symlink_read: the link holds a NUL");
}

TEST_F(HostileHostTrying, ToTurnTheClockBackWithoutEnd) {
  uint64_t last = 0;
  int64_t time = 1'000'000;
  for (int reading = 0; reading < 100; ++reading) {
    EXPECT_EQ(attack(
                  Call::clock_time, [&time](ArenaHeader& header) { header.result = time; },
                  [&] { program_.call("clock_time_get", {1, 0, 16}); }),
              std::nullopt);
    EXPECT_GE(program_.load<uint64_t>(16), last);
    last = program_.load<uint64_t>(16);
    time = reading % 2 == 0 ? 0 : time + 7;
  }
}

TEST_F(HostileHostTrying, ToMoveTheFilePosition) {
  // There is no such reply: the position never leaves the enclave. A file that shrinks and grows is all the
  // host can do.
  const auto fd = program_.open(kRoot, "file");
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(attack(
                Call::file_stat,
                [](ArenaHeader& header) {
                  auto* stat =
                      reinterpret_cast<wasi::Filestat*>(testing::test_arena().data() + header.args[4]);
                  stat->size = ~uint64_t{0};
                },
                [&] {
                  EXPECT_EQ(program_.seek(*fd, 0, wasi::Whence::end),
                            uint64_t{std::numeric_limits<int64_t>::max()});
                  EXPECT_EQ(program_.seek(*fd, 1, wasi::Whence::cur), std::unexpected(Errno::inval));
                }),
            std::nullopt);
}

}  // namespace
}  // namespace twine

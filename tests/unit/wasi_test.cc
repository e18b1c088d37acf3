// preview1 as programs see it, over the real services: descriptors, streams, clocks, random, poll. Paths are
// in wasi_path_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <thread>

#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine::wasi {
namespace {

using testing::WasiProgram;

constexpr uint32_t kStdin = 0;
constexpr uint32_t kStdout = 1;
constexpr uint32_t kDirectory = 3;
constexpr uint32_t kUnmapped = WasiProgram::kMemorySize - 2;  // what is 4 bytes long does not fit here

class Wasi : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
  WasiProgram program_{{.mounts = {{.host_path = directory_.path(), .read_only = false}}},
                       {.arguments = {"program", "", "two words"},
                        .environment = {"A=1", "LONG=x=y"},
                        .mounts = {{.guest_path = "/data", .read_only = false}}}};
};

// ---------------------------------------------------------------- the table of functions

TEST(WasiFunctions, HaveTheTypesOfTheSpecification) {
  const auto signature_of = [](std::string_view name) {
    const auto functions = wasi_preview1_functions();
    const auto found = std::ranges::find(functions, name, &HostFunction::name);
    return found == functions.end() ? std::string_view("missing") : found->signature;
  };
  EXPECT_EQ(signature_of("fd_write"), "iiii:i");
  EXPECT_EQ(signature_of("fd_seek"), "iIii:i");
  EXPECT_EQ(signature_of("fd_readdir"), "iiiIi:i");
  EXPECT_EQ(signature_of("path_open"), "iiiiiIIii:i");
  EXPECT_EQ(signature_of("path_filestat_set_times"), "iiiiIIi:i");
  EXPECT_EQ(signature_of("clock_time_get"), "iIi:i");
  EXPECT_EQ(signature_of("proc_exit"), "i:");
  EXPECT_EQ(signature_of("sched_yield"), ":i");
}

TEST(WasiFunctions, AreAllOfPreview1OnceEach) {
  std::set<std::string_view> names;
  for (const HostFunction& function : wasi_preview1_functions()) {
    EXPECT_EQ(function.module, "wasi_snapshot_preview1");
    EXPECT_TRUE(names.insert(function.name).second) << function.name;
  }
  EXPECT_EQ(names.size(), 46U);
}

// ---------------------------------------------------------------- arguments, environment, end

TEST_F(Wasi, HandsOverArgumentsAndEnvironment) {
  ASSERT_EQ(program_.call("args_sizes_get", {16, 20}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(16), 3U);
  EXPECT_EQ(program_.load<uint32_t>(20), sizeof "program" + sizeof "" + sizeof "two words");
  ASSERT_EQ(program_.call("args_get", {64, 128}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(64), 128U);
  EXPECT_EQ(program_.text(program_.load<uint32_t>(72), 10), std::string("two words\0", 10));

  ASSERT_EQ(program_.call("environ_sizes_get", {16, 20}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(16), 2U);
  ASSERT_EQ(program_.call("environ_get", {64, 128}), Errno::success);
  EXPECT_EQ(program_.text(program_.load<uint32_t>(68), 9), std::string("LONG=x=y\0", 9));
}

TEST_F(Wasi, TrapsOnAnAddressOutsideTheMemory) {
  for (const auto& [name, arguments] :
       std::initializer_list<std::pair<std::string_view, std::initializer_list<uint64_t>>>{
           {"args_sizes_get", {kUnmapped, 0}},
           {"args_get", {~0U, 0}},
           {"clock_time_get", {0, 0, ~0U - 7}},
           {"random_get", {1, ~0U}},
           {"fd_write", {1, kUnmapped, 1, 16}},
           {"fd_write", {1, WasiProgram::kIovecs, 1, kUnmapped}},
           {"fd_fdstat_get", {1, kUnmapped}},
           {"path_open", {3, 0, kUnmapped, 10, 0, 0, 0, 0, 16}},
           {"path_open", {3, 0, WasiProgram::kPath, 1, oflags::creat, rights::all, 0, 0, kUnmapped}},
           {"poll_oneoff", {kUnmapped, 0, 1, 0}}}) {
    program_.store_text(WasiProgram::kPath, "x");
    program_.store(WasiProgram::kIovecs, Iovec{0, 0});
    const HostOutcome outcome = program_.invoke(name, arguments);
    EXPECT_EQ(outcome.kind, HostOutcome::Kind::trapped) << name;
    EXPECT_EQ(outcome.trap, abi::TrapKind::out_of_bounds_memory_access) << name;
  }
  EXPECT_FALSE(directory_.exists("x")) << "path_open must not act before it knows where the result goes";
}

TEST_F(Wasi, ExitsWithTheCodeOfProcExit) {
  const HostOutcome outcome = program_.invoke("proc_exit", {42});
  EXPECT_EQ(outcome.kind, HostOutcome::Kind::exited);
  EXPECT_EQ(outcome.exit_code, 42U);
}

// ---------------------------------------------------------------- clocks and random

TEST_F(Wasi, TellsTimeThatMovesOn) {
  for (uint64_t clock = 0; clock < kClockCount; ++clock) {
    ASSERT_EQ(program_.call("clock_res_get", {clock, 16}), Errno::success);
    EXPECT_GT(program_.load<uint64_t>(16), 0U);
    ASSERT_EQ(program_.call("clock_time_get", {clock, 0, 16}), Errno::success);
    const auto first = program_.load<uint64_t>(16);
    ASSERT_EQ(program_.call("clock_time_get", {clock, 0, 16}), Errno::success);
    EXPECT_GE(program_.load<uint64_t>(16), first);
  }
  EXPECT_EQ(program_.call("clock_time_get", {4, 0, 16}), Errno::inval);
  EXPECT_EQ(program_.call("clock_res_get", {4, 16}), Errno::inval);
}

TEST_F(Wasi, FillsExactlyTheBytesAskedForWithRandomOnes) {
  program_.store_text(64, std::string(48, '\0'));
  ASSERT_EQ(program_.call("random_get", {64, 32}), Errno::success);
  EXPECT_NE(program_.text(64, 32), std::string(32, '\0'));
  EXPECT_EQ(program_.text(96, 16), std::string(16, '\0'));
  ASSERT_EQ(program_.call("random_get", {64, 0}), Errno::success);
}

// ---------------------------------------------------------------- streams

TEST_F(Wasi, WritesToStandardOutputInOneHostCall) {
  const uint64_t before = testing::host_calls_made();
  EXPECT_EQ(program_.write(kStdout, "hello\n"), 6U);
  EXPECT_EQ(testing::host_calls_made() - before, 1U);
  EXPECT_EQ(program_.output(1), "hello\n");
}

TEST_F(Wasi, GathersSeveralBuffersIntoOneWrite) {
  program_.store_text(100, "one");
  program_.store_text(200, "two");
  program_.store(WasiProgram::kIovecs, Iovec{100, 3});
  program_.store(WasiProgram::kIovecs + 8, Iovec{0, 0});
  program_.store(WasiProgram::kIovecs + 16, Iovec{200, 3});
  ASSERT_EQ(program_.call("fd_write", {2, WasiProgram::kIovecs, 3, 16}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(16), 6U);
  EXPECT_EQ(program_.output(2), "onetwo");
}

TEST_F(Wasi, ReadsStandardInputUntilItsEnd) {
  program_.type("ab");
  EXPECT_EQ(program_.read(kStdin, 10), "ab");
  program_.end_input();
  EXPECT_EQ(program_.read(kStdin, 10), "");
}

TEST_F(Wasi, RefusesToReadAnOutputOrWriteAnInput) {
  EXPECT_EQ(program_.read(kStdout, 1), std::unexpected(Errno::badf));
  EXPECT_EQ(program_.write(kStdin, "x"), std::unexpected(Errno::badf));
}

TEST_F(Wasi, TellsABrokenPipeAndSurvivesIt) {
  program_.close_output_reader();
  EXPECT_EQ(program_.write(kStdout, "x"), std::unexpected(Errno::pipe));
}

TEST_F(Wasi, HasNoPositionOnAStream) {
  EXPECT_EQ(program_.seek(kStdin, 0, Whence::cur), std::unexpected(Errno::spipe));
  program_.store(WasiProgram::kIovecs, Iovec{0, 1});
  EXPECT_EQ(program_.call("fd_pread", {kStdin, WasiProgram::kIovecs, 1, 0, 16}), Errno::spipe);
  ASSERT_EQ(program_.call("fd_fdstat_get", {kStdout, 64}), Errno::success);
  const auto stat = program_.load<Fdstat>(64);
  EXPECT_EQ(stat.fs_rights_base & (rights::fd_seek | rights::fd_tell), 0U);
  EXPECT_NE(stat.fs_filetype, Filetype::character_device) << "a pipe is no terminal";
}

// ---------------------------------------------------------------- files

TEST_F(Wasi, WritesReadsAndSeeks) {
  const auto fd = program_.open(kDirectory, "file", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_.write(*fd, "0123456789"), 10U);
  EXPECT_EQ(program_.seek(*fd, 2, Whence::set), 2U);
  EXPECT_EQ(program_.read(*fd, 3), "234");
  EXPECT_EQ(program_.seek(*fd, 1, Whence::cur), 6U);
  EXPECT_EQ(program_.read(*fd, 1), "6");
  EXPECT_EQ(program_.seek(*fd, -1, Whence::end), 9U);
  EXPECT_EQ(program_.read(*fd, 100), "9");
  EXPECT_EQ(program_.read(*fd, 100), "");
  EXPECT_EQ(program_.seek(*fd, -11, Whence::end), std::unexpected(Errno::inval));
  EXPECT_EQ(program_.seek(*fd, std::numeric_limits<int64_t>::max(), Whence::cur),
            std::unexpected(Errno::inval));
  ASSERT_EQ(program_.call("fd_tell", {*fd, 16}), Errno::success);
  EXPECT_EQ(program_.load<uint64_t>(16), 10U);
  EXPECT_EQ(program_.call("fd_seek", {*fd, 0, 3, 16}), Errno::inval);
  EXPECT_EQ(directory_.read("file"), "0123456789");
}

TEST_F(Wasi, SeeksWithoutAskingTheHost) {
  const auto fd = program_.open(kDirectory, "file", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  const uint64_t before = testing::host_calls_made();
  EXPECT_EQ(program_.seek(*fd, 1000, Whence::set), 1000U);
  EXPECT_EQ(program_.seek(*fd, -1, Whence::cur), 999U);
  EXPECT_EQ(testing::host_calls_made(), before);
}

TEST_F(Wasi, AppendsWhereverThePositionWas) {
  directory_.write("log", "abc");
  const auto fd = program_.open(kDirectory, "log", 0, rights::all, fdflags::append);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_.read(*fd, 1), "a");
  EXPECT_EQ(program_.write(*fd, "de"), 2U);
  EXPECT_EQ(program_.seek(*fd, 0, Whence::cur), 5U) << "after an append the position is the end";
  EXPECT_EQ(program_.seek(*fd, 0, Whence::set), 0U);
  EXPECT_EQ(program_.write(*fd, "f"), 1U);
  EXPECT_EQ(program_.call("fd_datasync", {*fd}), Errno::success);
  EXPECT_EQ(directory_.read("log"), "abcdef");
}

TEST_F(Wasi, ReadsAndWritesAtAPlaceWithoutMovingThePosition) {
  directory_.write("file", "0123456789");
  const auto fd = program_.open(kDirectory, "file");
  ASSERT_TRUE(fd.has_value());
  program_.store(WasiProgram::kIovecs, Iovec{WasiProgram::kData, 2});
  ASSERT_EQ(program_.call("fd_pread", {*fd, WasiProgram::kIovecs, 1, 4, 16}), Errno::success);
  EXPECT_EQ(program_.text(WasiProgram::kData, 2), "45");
  ASSERT_EQ(program_.call("fd_pwrite", {*fd, WasiProgram::kIovecs, 1, 8, 16}), Errno::success);
  EXPECT_EQ(program_.read(*fd, 3), "012");
  EXPECT_EQ(directory_.read("file"), "0123456745");
  EXPECT_EQ(program_.call("fd_pread", {*fd, WasiProgram::kIovecs, 1, ~uint64_t{0}, 16}), Errno::inval);
}

TEST_F(Wasi, MovesMoreThanTheArenaHoldsInOneCall) {
  const std::string large(3'000'001, 'x');
  const auto fd = program_.open(kDirectory, "large", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_.write(*fd, large), large.size());
  EXPECT_EQ(std::filesystem::file_size(directory_ / "large"), large.size());
  EXPECT_EQ(program_.seek(*fd, 0, Whence::set), 0U);
  EXPECT_EQ(program_.read(*fd, 3'500'000), large);
}

TEST_F(Wasi, MovesManyBuffersInAsFewHostCallsAsTheArenaAllows) {
  constexpr uint32_t kCount = 60;
  constexpr uint32_t kSize = 50'000;  // together 3,000,000 bytes: three arenas
  for (uint32_t i = 0; i < kCount; ++i) {
    program_.store_text(WasiProgram::kData + i * kSize, std::string(kSize, static_cast<char>('A' + i)));
    program_.store(WasiProgram::kIovecs + i * 8, Iovec{WasiProgram::kData + i * kSize, kSize});
  }
  const auto fd = program_.open(kDirectory, "many", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  uint64_t before = testing::host_calls_made();
  ASSERT_EQ(program_.call("fd_write", {*fd, WasiProgram::kIovecs, kCount, 16}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(16), kCount * kSize);
  EXPECT_EQ(testing::host_calls_made() - before, 3U);

  program_.store_text(WasiProgram::kData, std::string(kCount * kSize, '\0'));
  before = testing::host_calls_made();
  ASSERT_EQ(program_.call("fd_pread", {*fd, WasiProgram::kIovecs, kCount, 0, 16}), Errno::success);
  EXPECT_EQ(program_.load<uint32_t>(16), kCount * kSize);
  EXPECT_EQ(testing::host_calls_made() - before, 4U)
      << "one to have the file shown, which this host does not do";
  for (uint32_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(program_.text(WasiProgram::kData + i * kSize, kSize),
              std::string(kSize, static_cast<char>('A' + i)))
        << i;
  }
}

TEST_F(Wasi, RefusesMoreBuffersThanPosixAllows) {
  EXPECT_EQ(program_.call("fd_write", {kStdout, WasiProgram::kIovecs, 1025, 16}), Errno::inval);
}

TEST_F(Wasi, SetsAndTellsTheSize) {
  directory_.write("file", "0123456789");
  const auto fd = program_.open(kDirectory, "file");
  ASSERT_TRUE(fd.has_value());
  ASSERT_EQ(program_.call("fd_filestat_set_size", {*fd, 4}), Errno::success);
  EXPECT_EQ(directory_.read("file"), "0123");
  ASSERT_EQ(program_.call("fd_allocate", {*fd, 0, 100}), Errno::success);
  ASSERT_EQ(program_.call("fd_filestat_get", {*fd, 64}), Errno::success);
  const auto stat = program_.load<Filestat>(64);
  EXPECT_EQ(stat.size, 100U);
  EXPECT_EQ(stat.filetype, Filetype::regular_file);
  EXPECT_EQ(stat.nlink, 1U);
  EXPECT_EQ(program_.call("fd_advise", {*fd, 0, 0, 3}), Errno::success);
  EXPECT_EQ(program_.call("fd_advise", {*fd, 0, 0, 6}), Errno::inval);
  EXPECT_EQ(program_.call("fd_datasync", {*fd}), Errno::success);
  EXPECT_EQ(program_.call("fd_sync", {*fd}), Errno::success);
}

TEST_F(Wasi, SetsTimes) {
  directory_.write("file", "");
  const auto fd = program_.open(kDirectory, "file");
  ASSERT_TRUE(fd.has_value());
  ASSERT_EQ(program_.call("fd_filestat_set_times",
                          {*fd, 1'000'000'001, 2'000'000'002, fstflags::atim | fstflags::mtim}),
            Errno::success);
  EXPECT_EQ(program_.stat(kDirectory, "file")->atim, 1'000'000'001U);
  EXPECT_EQ(program_.stat(kDirectory, "file")->mtim, 2'000'000'002U);
  program_.store_text(WasiProgram::kPath, "file");
  ASSERT_EQ(
      program_.call("path_filestat_set_times", {kDirectory, 1, WasiProgram::kPath, 4, 5, 0, fstflags::atim}),
      Errno::success);
  EXPECT_EQ(program_.stat(kDirectory, "file")->atim, 5U);
  EXPECT_EQ(program_.stat(kDirectory, "file")->mtim, 2'000'000'002U) << "was not asked for";
  EXPECT_EQ(program_.call("fd_filestat_set_times", {*fd, 0, 0, fstflags::mtim | fstflags::mtim_now}),
            Errno::inval);
}

// ---------------------------------------------------------------- descriptors

TEST_F(Wasi, GivesTheLowestFreeDescriptor) {
  directory_.write("file", "");
  EXPECT_EQ(program_.open(kDirectory, "file"), 4U);
  EXPECT_EQ(program_.open(kDirectory, "file"), 5U);
  EXPECT_EQ(program_.call("fd_close", {4}), Errno::success);
  EXPECT_EQ(program_.call("fd_close", {4}), Errno::badf);
  EXPECT_EQ(program_.open(kDirectory, "file"), 4U);
}

TEST_F(Wasi, RenumbersOntoAnOpenDescriptor) {
  directory_.write("a", "a");
  directory_.write("b", "b");
  const auto a = program_.open(kDirectory, "a");
  const auto b = program_.open(kDirectory, "b");
  ASSERT_EQ(program_.call("fd_renumber", {*a, *b}), Errno::success);
  EXPECT_EQ(program_.read(*b, 1), "a");
  EXPECT_EQ(program_.call("fd_close", {*a}), Errno::badf);
  EXPECT_EQ(program_.call("fd_renumber", {*b, 99}), Errno::badf);
  EXPECT_EQ(program_.call("fd_renumber", {99, *b}), Errno::badf);
}

TEST_F(Wasi, NamesItsPreopens) {
  ASSERT_EQ(program_.call("fd_prestat_get", {kDirectory, 16}), Errno::success);
  const auto prestat = program_.load<Prestat>(16);
  EXPECT_EQ(prestat.tag, 0);
  EXPECT_EQ(prestat.pr_name_len, 5U);
  ASSERT_EQ(program_.call("fd_prestat_dir_name", {kDirectory, 64, 5}), Errno::success);
  EXPECT_EQ(program_.text(64, 5), "/data");
  EXPECT_EQ(program_.call("fd_prestat_dir_name", {kDirectory, 64, 4}), Errno::nametoolong);
  EXPECT_EQ(program_.call("fd_prestat_get", {kStdin, 16}), Errno::badf);
  EXPECT_EQ(program_.call("fd_prestat_get", {4, 16}), Errno::badf);
}

TEST_F(Wasi, GrantsNoMoreThanWasAskedForAndInherits) {
  directory_.write("file", "abc");
  const auto fd = program_.open(kDirectory, "file", 0, rights::fd_read | rights::fd_seek);
  ASSERT_TRUE(fd.has_value());
  ASSERT_EQ(program_.call("fd_fdstat_get", {*fd, 64}), Errno::success);
  EXPECT_EQ(program_.load<Fdstat>(64).fs_rights_base, rights::fd_read | rights::fd_seek);
  EXPECT_EQ(program_.load<Fdstat>(64).fs_rights_inheriting, 0U);
  EXPECT_EQ(program_.write(*fd, "x"), std::unexpected(Errno::badf));
  EXPECT_EQ(program_.call("fd_filestat_set_size", {*fd, 0}), Errno::inval);
}

TEST_F(Wasi, CanOnlyGiveRightsUp) {
  directory_.write("file", "abc");
  const auto fd = program_.open(kDirectory, "file", 0, rights::fd_read | rights::fd_seek);
  ASSERT_EQ(program_.call("fd_fdstat_set_rights", {*fd, rights::fd_read, 0}), Errno::success);
  EXPECT_EQ(program_.seek(*fd, 0, Whence::cur), std::unexpected(Errno::notcapable));
  EXPECT_EQ(program_.call("fd_fdstat_set_rights", {*fd, rights::fd_read | rights::fd_seek, 0}),
            Errno::notcapable);

  // A directory that lost the right to pass fd_write on opens nothing for writing.
  ASSERT_EQ(program_.call("fd_fdstat_set_rights", {kDirectory, rights::path_open, rights::fd_read}),
            Errno::success);
  const auto narrow = program_.open(kDirectory, "file");
  ASSERT_TRUE(narrow.has_value());
  EXPECT_EQ(program_.read(*narrow, 3), "abc");
  EXPECT_EQ(program_.write(*narrow, "x"), std::unexpected(Errno::badf));
  EXPECT_EQ(program_.on_path("path_unlink_file", kDirectory, "file"), Errno::notcapable);
}

TEST_F(Wasi, ChangesOnlyTheFlagsThatCanChange) {
  const auto fd = program_.open(kDirectory, "file", oflags::creat);
  ASSERT_EQ(program_.call("fd_fdstat_set_flags", {*fd, fdflags::append}), Errno::success);
  EXPECT_EQ(program_.write(*fd, "ab"), 2U);
  EXPECT_EQ(program_.seek(*fd, 0, Whence::set), 0U);
  EXPECT_EQ(program_.write(*fd, "c"), 1U);
  EXPECT_EQ(program_.call("fd_datasync", {*fd}), Errno::success);
  EXPECT_EQ(directory_.read("file"), "abc");
  EXPECT_EQ(program_.call("fd_fdstat_set_flags", {*fd, fdflags::sync}), Errno::inval);
  EXPECT_EQ(program_.call("fd_fdstat_set_flags", {*fd, 1U << 5}), Errno::inval);
  EXPECT_EQ(program_.call("fd_fdstat_set_flags", {kStdin, fdflags::nonblock}), Errno::notsup)
      << "the flags of stdio belong to the user's shell too";
}

TEST_F(Wasi, TellsWhatIsNoSocket) {
  EXPECT_EQ(program_.call("sock_shutdown", {kStdin, 1}), Errno::notsock);
  EXPECT_EQ(program_.call("sock_accept", {99, 0, 16}), Errno::badf);
}

// ---------------------------------------------------------------- poll

class WasiPoll : public Wasi {
 protected:
  static constexpr uint32_t kIn = 8192;
  static constexpr uint32_t kOut = 12288;

  static Subscription timer(uint64_t userdata, Clock clock, uint64_t timeout, bool absolute = false) {
    return {.userdata = userdata,
            .tag = 0,
            .padding0 = {},
            .id_or_fd = static_cast<uint32_t>(clock),
            .padding1 = 0,
            .timeout = timeout,
            .precision = 0,
            .flags = absolute ? uint16_t{1} : uint16_t{0},
            .padding2 = {}};
  }
  static Subscription descriptor(uint64_t userdata, Eventtype type, uint32_t fd) {
    return {.userdata = userdata,
            .tag = static_cast<uint8_t>(type),
            .padding0 = {},
            .id_or_fd = fd,
            .padding1 = 0,
            .timeout = 0,
            .precision = 0,
            .flags = 0,
            .padding2 = {}};
  }
  std::vector<Event> poll(std::initializer_list<Subscription> subscriptions) {
    uint32_t address = kIn;
    for (const Subscription& subscription : subscriptions) {
      program_.store(address, subscription);
      address += sizeof subscription;
    }
    EXPECT_EQ(program_.call("poll_oneoff", {kIn, kOut, subscriptions.size(), 16}), Errno::success);
    std::vector<Event> events(program_.result());
    for (size_t i = 0; i < events.size(); ++i) {
      events[i] = program_.load<Event>(static_cast<uint32_t>(kOut + i * sizeof(Event)));
    }
    return events;
  }
};

TEST_F(WasiPoll, SleepsForTheTimeAskedForEvenIfTheHostReturnsEarly) {
  // The host comes back from every wait at once; only the clock inside counts.
  testing::set_host([this] {
    ArenaHeader& header = testing::test_arena_header();
    if (header.call == static_cast<uint64_t>(hostcall::Call::poll)) header.args[2] = 0;
    program_.services().serve(testing::test_arena());
  });
  const auto start = std::chrono::steady_clock::now();
  const auto events = poll({timer(7, Clock::monotonic, 20'000'000)});
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].userdata, 7U);
  EXPECT_EQ(events[0].type, Eventtype::clock);
  EXPECT_EQ(events[0].error, Errno::success);
}

TEST_F(WasiPoll, ReportsAnAbsoluteTimeThatIsPastAtOnce) {
  EXPECT_EQ(poll({timer(1, Clock::realtime, 1, /*absolute=*/true)}).size(), 1U);
  EXPECT_EQ(poll({timer(1, Clock::monotonic, 1, /*absolute=*/true)}).size(), 1U);
}

TEST_F(WasiPoll, ReportsTheEarliestTimerOnly) {
  const auto events =
      poll({timer(1, Clock::monotonic, 60'000'000'000), timer(2, Clock::monotonic, 1'000'000)});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].userdata, 2U);
}

TEST_F(WasiPoll, WaitsForInput) {
  std::thread typist([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    program_.type("xyz");
  });
  const auto events =
      poll({descriptor(1, Eventtype::fd_read, kStdin), timer(2, Clock::monotonic, 10'000'000'000)});
  typist.join();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].userdata, 1U);
  EXPECT_EQ(events[0].nbytes, 3U);
}

TEST_F(WasiPoll, TellsTheEndOfInputAsHangup) {
  program_.end_input();
  const auto events = poll({descriptor(1, Eventtype::fd_read, kStdin)});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].flags, kEventHangup);
}

TEST_F(WasiPoll, FindsFilesAlwaysReadyAndUnknownDescriptorsWrong) {
  directory_.write("file", "abcd");
  const auto fd = program_.open(kDirectory, "file");
  const auto events = poll({descriptor(1, Eventtype::fd_read, *fd), descriptor(2, Eventtype::fd_write, 99),
                            descriptor(3, Eventtype::fd_write, kStdout)});
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].nbytes, 4U);
  EXPECT_EQ(events[1].error, Errno::badf);
  EXPECT_EQ(events[2].userdata, 3U);
}

TEST_F(WasiPoll, RefusesNothingAndNonsense) {
  EXPECT_EQ(program_.call("poll_oneoff", {kIn, kOut, 0, 16}), Errno::inval);
  program_.store(kIn, descriptor(1, std::bit_cast<Eventtype>(uint8_t{3}), 0));
  EXPECT_EQ(program_.call("poll_oneoff", {kIn, kOut, 1, 16}), Errno::inval);
  program_.store(kIn, timer(1, Clock::thread_cputime, 0));
  EXPECT_EQ(program_.call("poll_oneoff", {kIn, kOut, 1, 16}), Errno::inval);
}

TEST_F(WasiPoll, EndsTheEnclaveOnAnEventThatWasNotAskedFor) {
  testing::set_host([] {
    ArenaHeader& header = testing::test_arena_header();
    const hostcall::PollEvent lie{.ready = hostcall::kPollWrite, .error = 0, .bytes = 0};
    std::memcpy(testing::test_arena().data() + header.args[3], &lie, sizeof lie);
    header.result = 1;
  });
  program_.store(kIn, descriptor(1, Eventtype::fd_read, kStdin));
  EXPECT_EQ(testing::host_attack_in([this] { program_.invoke("poll_oneoff", {kIn, kOut, 1, 16}); }),
            "poll: an event answers what was not asked");
}

}  // namespace
}  // namespace twine::wasi

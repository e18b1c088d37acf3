// Reads and writes that are gathered, and files that are shown (enclave/fs/small_transfers.h): what a program and other processes see of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>

#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine::wasi {
namespace {

using testing::WasiProgram;

constexpr uint32_t kDirectory = 3;

class SmallTransfers : public ::testing::Test {
 protected:
  uint32_t open(std::string_view path, Oflags oflags = oflags::creat, Fdflags fdflags = 0) {
    const auto fd = program_.open(kDirectory, path, oflags, rights::all, fdflags);
    EXPECT_TRUE(fd) << path;
    return fd.value_or(~0U);
  }
  IoResult<std::string> read_at(uint32_t fd, uint64_t position, uint32_t size) {
    program_.store(WasiProgram::kIovecs, Iovec{WasiProgram::kData, size});
    const Errno error =
        program_.call("fd_pread", {fd, WasiProgram::kIovecs, 1, position, WasiProgram::kResult});
    if (error != Errno::success) return std::unexpected(error);
    return program_.text(WasiProgram::kData, program_.result());
  }
  static uint64_t calls() { return testing::host_calls_made(); }

  testing::TemporaryDirectory directory_;
  WasiProgram program_{
      {.mounts = {{.host_path = directory_.path(), .read_only = false}}},
      {.arguments = {}, .environment = {}, .mounts = {{.guest_path = "/data", .read_only = false}}}};
};

TEST_F(SmallTransfers, MakeManyWritesOneHostCall) {
  const uint32_t fd = open("file");
  const uint64_t before = calls();
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    ASSERT_EQ(program_.write(fd, line), line.size());
    expected += line;
  }
  EXPECT_EQ(calls(), before);
  EXPECT_EQ(directory_.read("file"), "") << "held back so far";
  EXPECT_EQ(program_.call("fd_close", {fd}), Errno::success);
  EXPECT_EQ(calls(), before + 2) << "a write and the close";
  EXPECT_EQ(directory_.read("file"), expected);
}

TEST_F(SmallTransfers, HoldNoMoreThanTheirBuffer) {
  const uint32_t fd = open("file");
  const std::string block(4000, 'x');
  for (int i = 0; i < 10; ++i) ASSERT_EQ(program_.write(fd, block), block.size());
  EXPECT_GE(directory_.read("file").size(), 10 * block.size() - 16384);
}

TEST_F(SmallTransfers, MakeManyReadsOneHostCall) {
  directory_.write("file", std::string(1000, 'a') + std::string(1000, 'b'));
  const uint32_t fd = open("file");
  const uint64_t before = calls();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(program_.read(fd, 10), std::string(10, i < 100 ? 'a' : 'b'));
  EXPECT_EQ(calls(), before + 1);
  EXPECT_EQ(program_.read(fd, 10), "");
  EXPECT_EQ(calls(), before + 2);
}

TEST_F(SmallTransfers, NeverRememberTheEndOfAFile) {
  directory_.write("log", "one");
  const uint32_t fd = open("log");
  EXPECT_EQ(program_.read(fd, 10), "one");
  EXPECT_EQ(program_.read(fd, 10), "");
  directory_.write("log", "onetwo");
  EXPECT_EQ(program_.read(fd, 10), "two");
}

TEST_F(SmallTransfers, AreShortOnlyAtTheEndOfTheFile) {
  directory_.write("file", std::string(65536 + 100, 'x'));
  const uint32_t fd = open("file");
  for (int i = 0; i < 21; ++i) {
    const auto part = program_.read(fd, 3000);
    ASSERT_EQ(part->size(), 3000U);
  }
  ASSERT_EQ(program_.read(fd, 3000)->size(), 2636U);
}

// A read at a place, or after a jump, is not of what was read ahead: who looks at one place again and again sees it change.
TEST_F(SmallTransfers, AreSeenToChangeWhereReadsJump) {
  directory_.write("file", std::string(5000, 'a'));
  const uint32_t fd = open("file");
  ASSERT_EQ(program_.read(fd, 10), std::string(10, 'a'));
  std::fstream(directory_ / "file").seekp(10) << "bc" << std::flush;
  ASSERT_EQ(program_.read(fd, 1), "a") << "read ahead";
  EXPECT_EQ(read_at(fd, 10, 2), "bc");
  std::fstream(directory_ / "file").seekp(10) << "de" << std::flush;
  EXPECT_EQ(read_at(fd, 10, 2), "de");
  ASSERT_EQ(program_.seek(fd, 10, Whence::set), 10U);
  EXPECT_EQ(program_.read(fd, 2), "de");
}

// Whatever was copied of an earlier state of the file, nothing stands behind the bytes that a read says there are.
TEST_F(SmallTransfers, LeaveWhatIsBehindThemAloneWhereAFileWasCut) {
  for (const bool jumps : {false, true}) {
    directory_.write("file", std::string(2500, 'a'));
    const uint32_t fd = open("file");
    ASSERT_EQ(program_.read(fd, 100), std::string(100, 'a'));
    std::filesystem::resize_file(directory_ / "file", 1000);
    program_.store_text(WasiProgram::kData, std::string(6000, '#'));
    const std::string text = (jumps ? read_at(fd, 100, 6000) : program_.read(fd, 6000)).value();
    EXPECT_EQ(text, std::string(jumps ? 900 : 2400, 'a'));
    EXPECT_EQ(program_.text(WasiProgram::kData + static_cast<uint32_t>(text.size()), 6000 - text.size()),
              std::string(6000 - text.size(), '#'));
  }
}

// A long read that the host fails after its beginning was taken from what was read ahead is short; the next one tells the error.
TEST_F(SmallTransfers, AreWhatIsReadWhereTheRestFails) {
  directory_.write("file", std::string(200'000, 'a'));
  const uint32_t fd = open("file");
  ASSERT_EQ(program_.read(fd, 10), std::string(10, 'a'));
  testing::set_host([this] {
    ArenaHeader& header = testing::test_arena_header();
    const bool fails = header.call == static_cast<uint64_t>(hostcall::Call::file_read);
    program_.services().serve(testing::test_arena());
    if (fails) header.result = -int64_t{static_cast<uint16_t>(Errno::io)};
  });
  constexpr uint32_t kAhead = 65'536 - 10;
  program_.store_text(WasiProgram::kData, std::string(100'000, '#'));
  EXPECT_EQ(program_.read(fd, 100'000), std::string(kAhead, 'a'));
  EXPECT_EQ(program_.text(WasiProgram::kData + kAhead, 100'000 - kAhead), std::string(100'000 - kAhead, '#'));
  EXPECT_EQ(program_.read(fd, 100'000).error(), Errno::io);
  program_.connect();
}

TEST_F(SmallTransfers, AreTheBeginningOfALongReadThatGoesOn) {
  std::string text(150'000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  directory_.write("file", text);
  const uint32_t fd = open("file");
  const uint64_t before = calls();
  ASSERT_EQ(program_.read(fd, 10), text.substr(0, 10));
  ASSERT_EQ(program_.read(fd, 5000), text.substr(10, 5000));
  EXPECT_EQ(calls(), before + 1);
  ASSERT_EQ(program_.read(fd, 100'000), text.substr(5010, 100'000));
  EXPECT_EQ(calls(), before + 2);
}

// Another process cuts the file and lets it grow again while it is read in all sizes, in two pieces. Each byte has its value wherever it is read.
TEST_F(SmallTransfers, AreOfTheFileAndNoMoreThanIsSaidWhileAnotherProcessChangesIt) {
  constexpr uint32_t kLargest = 200'000;
  std::string text(kLargest, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('A' + i % 53);
  std::mt19937 random(20261123);
  const auto below = [&](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  uint64_t length = kLargest;
  directory_.write("file", text);
  const uint32_t fd = open("file");
  uint64_t position = 0;
  for (int step = 0; step < 3000; ++step) {
    if (below(3) == 0) {
      length = below(kLargest);
      directory_.write("file", text.substr(0, length));
    }
    if (below(20) == 0) {
      position = below(kLargest);
      ASSERT_EQ(program_.seek(fd, static_cast<int64_t>(position), Whence::set), position);
    }
    const std::array<uint32_t, 2> sizes = {below(4097), below(4) == 0 ? below(60'000) : below(4097)};
    const uint32_t size = sizes[0] + sizes[1];
    program_.store_text(WasiProgram::kData, std::string(size, '#'));
    program_.store(WasiProgram::kIovecs, Iovec{WasiProgram::kData, sizes[0]});
    program_.store(WasiProgram::kIovecs + sizeof(Iovec), Iovec{WasiProgram::kData + sizes[0], sizes[1]});
    const bool jumps = below(3) == 0;
    const uint64_t from = jumps ? below(kLargest) : position;
    const Errno error =
        jumps ? program_.call("fd_pread", {fd, WasiProgram::kIovecs, 2, from, WasiProgram::kResult})
              : program_.call("fd_read", {fd, WasiProgram::kIovecs, 2, WasiProgram::kResult});
    ASSERT_EQ(error, Errno::success);
    const uint32_t count = program_.result();
    ASSERT_LE(count, size);
    if (jumps)
      ASSERT_EQ(count, from < length ? std::min<uint64_t>(size, length - from) : 0) << "step " << step;
    const std::string expected = count == 0 ? "" : text.substr(from, count);
    ASSERT_EQ(program_.text(WasiProgram::kData, size), expected + std::string(size - count, '#'))
        << "step " << step;
    if (!jumps) position += count;
  }
}

// Every call that could show what is held must find it written.
TEST_F(SmallTransfers, AreSettledBeforeACallThatCouldTell) {
  const auto write_held = [&](std::string_view name) {
    const uint32_t fd = open(name, oflags::creat | oflags::trunc);
    EXPECT_EQ(program_.write(fd, "held"), 4U);
    EXPECT_EQ(directory_.read(name), "");
    return fd;
  };
  write_held("stat");
  EXPECT_EQ(program_.stat(kDirectory, "stat")->size, 4U);
  write_held("rename");
  EXPECT_EQ(program_.on_two_paths("path_rename", kDirectory, "rename", kDirectory, "renamed"),
            Errno::success);
  EXPECT_EQ(directory_.read("renamed"), "held");
  const uint32_t sync = write_held("sync");
  EXPECT_EQ(program_.call("fd_datasync", {sync}), Errno::success);
  EXPECT_EQ(directory_.read("sync"), "held");
  const uint32_t size = write_held("size");
  EXPECT_EQ(program_.call("fd_filestat_set_size", {size, 2}), Errno::success);
  EXPECT_EQ(directory_.read("size"), "he");
  const uint32_t end = write_held("end");
  EXPECT_EQ(program_.seek(end, 0, Whence::end), 4U);
  EXPECT_EQ(directory_.read("end"), "held");
  write_held("output");
  EXPECT_EQ(program_.write(1, "done\n"), 5U);
  EXPECT_EQ(directory_.read("output"), "held") << "written before the word that says so";
  write_held("yield");
  EXPECT_EQ(program_.call("sched_yield", {}), Errno::success);
  EXPECT_EQ(directory_.read("yield"), "held");
}

TEST_F(SmallTransfers, StayHeldOverCallsThatShowNothingOfFiles) {
  const uint32_t fd = open("file");
  ASSERT_EQ(program_.write(fd, "held"), 4U);
  EXPECT_EQ(program_.call("clock_time_get", {0, 0, 16}), Errno::success);
  EXPECT_EQ(program_.call("random_get", {64, 8}), Errno::success);
  EXPECT_EQ(program_.seek(fd, 0, Whence::cur), 4U);
  EXPECT_EQ(directory_.read("file"), "");
}

TEST_F(SmallTransfers, AreSeenThroughOtherDescriptorsOfTheFile) {
  const uint32_t one = open("file");
  const uint32_t other = open("file", 0);
  ASSERT_EQ(program_.write(one, "first "), 6U);
  EXPECT_EQ(program_.read(other, 100), "first ");
  ASSERT_EQ(program_.write(one, "second"), 6U);
  EXPECT_EQ(program_.read(other, 100), "second");
  ASSERT_EQ(program_.seek(other, 0, Whence::set), 0U);
  ASSERT_EQ(program_.write(other, "FIRST"), 5U);
  ASSERT_EQ(program_.seek(one, 0, Whence::set), 0U);
  EXPECT_EQ(program_.read(one, 100), "FIRST second");
}

TEST_F(SmallTransfers, AppendWhereTheFileEndsByThen) {
  directory_.write("log", "0");
  const uint32_t one = open("log", 0, fdflags::append);
  const uint32_t other = open("log", 0, fdflags::append);
  for (const auto& [fd, text] : {std::pair(one, "1"), {one, "2"}, {other, "3"}, {one, "4"}})
    ASSERT_EQ(program_.write(fd, text), 1U);
  EXPECT_EQ(program_.seek(one, 0, Whence::cur), 5U);
  EXPECT_EQ(directory_.read("log"), "01234");
}

TEST_F(SmallTransfers, AreNotUsedOnFilesThatAskForSynchronousWrites) {
  const uint32_t fd = open("file", oflags::creat, fdflags::dsync);
  ASSERT_EQ(program_.write(fd, "now"), 3U);
  EXPECT_EQ(directory_.read("file"), "now");
}

// Files may not grow beyond 10 bytes while it lives.
class SmallDisk {
 public:
  SmallDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

TEST_F(SmallTransfers, ReportAnErrorOfAHeldWriteOnceAtTheNextCallOfTheDescriptor) {
  for (const std::string_view call : {"fd_close", "fd_sync", "fd_write"}) {
    const uint32_t fd = open(call);
    const SmallDisk full;
    ASSERT_EQ(program_.write(fd, "more than ten bytes"), 19U) << "held";
    if (call == "fd_write") {
      EXPECT_EQ(program_.stat(kDirectory, call)->size, 10U);  // settles, and has nothing to do with the error
      EXPECT_EQ(program_.write(fd, "x"), std::unexpected(Errno::fbig)) << call;
    } else {
      EXPECT_EQ(program_.call(call, {fd}), Errno::fbig) << call;
    }
    if (call != "fd_close") EXPECT_EQ(program_.call("fd_close", {fd}), Errno::success) << "reported already";
    EXPECT_EQ(directory_.read(call), "more than ");
    EXPECT_TRUE(program_.context().finish());
  }
}

TEST_F(SmallTransfers, LetTheLaunchReportWhatNoCallHas) {
  const uint32_t fd = open("file");
  const SmallDisk full;
  ASSERT_EQ(program_.write(fd, "more than ten bytes"), 19U);
  const auto finished = program_.context().finish();
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message, ::testing::HasSubstr("could not be stored"));
}

TEST_F(SmallTransfers, AreWrittenWhenTheProgramEndsWithoutClosing) {
  const uint32_t fd = open("file");
  ASSERT_EQ(program_.write(fd, "last words"), 10U);
  EXPECT_TRUE(program_.context().finish());
  EXPECT_EQ(directory_.read("file"), "last words");
}

// Three descriptors of one file and one of another, used at random, against strings.
TEST_F(SmallTransfers, DoWhatUngatheredOnesDo) {
  std::mt19937 random(20261123);
  const auto below = [&](uint32_t bound) { return random() % bound; };
  struct Open {
    uint32_t fd;
    size_t file;
    uint64_t position = 0;
  };
  std::array<std::string, 2> contents;
  std::array<Open, 4> opened = {Open{open("one"), 0}, Open{open("one", 0), 0}, Open{open("one", 0), 0},
                                Open{open("two"), 1}};
  for (int step = 0; step < 20000; ++step) {
    Open& at = opened[below(8) < 5 ? 0 : below(opened.size())];
    std::string& model = contents[at.file];
    const std::string data(1 + below(below(20) == 0 ? 6000 : 60), static_cast<char>('a' + below(26)));
    switch (below(10)) {
      case 0:
        at.position = below(static_cast<uint32_t>(model.size()) + 20);
        ASSERT_EQ(program_.seek(at.fd, static_cast<int64_t>(at.position), Whence::set), at.position);
        break;
      case 1:
        ASSERT_EQ(program_.seek(at.fd, 0, Whence::end), model.size());
        at.position = model.size();
        break;
      case 2:
      case 3:
      case 4:
      case 5: {
        const auto read = program_.read(at.fd, static_cast<uint32_t>(data.size()));
        const std::string expected = at.position < model.size() ? model.substr(at.position, data.size()) : "";
        ASSERT_EQ(read, expected) << "step " << step;
        at.position += expected.size();
        break;
      }
      default:
        if (model.size() > 200000) break;
        if (model.size() < at.position + data.size()) model.resize(at.position + data.size());
        model.replace(at.position, data.size(), data);
        ASSERT_EQ(program_.write(at.fd, data), data.size());
        at.position += data.size();
    }
  }
  EXPECT_TRUE(program_.context().finish());
  EXPECT_EQ(directory_.read("one"), contents[0]);
  EXPECT_EQ(directory_.read("two"), contents[1]);
}

// ---------------------------------------------------------------- what is shown

constexpr uint32_t kMiB = 1 << 20;

std::string some_text(size_t size) {
  std::mt19937 random(size);
  std::string text(size, '\0');
  for (char& character : text) character = static_cast<char>(random());
  return text;
}

// The host can show files, and says how often it was asked to.
class ShownFiles : public SmallTransfers {
 protected:
  ShownFiles() {
    program_.services().show_files_in(testing::test_arena());
    testing::set_host([this] {
      ArenaHeader& header = testing::test_arena_header();
      const auto call = static_cast<hostcall::Call>(header.call);
      program_.services().serve(testing::test_arena());
      if (call == hostcall::Call::file_read) ++reads_;
      if (call != hostcall::Call::file_show) return;
      ++shows_;
      if (after_show_) after_show_(header);
    });
  }
  ~ShownFiles() override { program_.connect(); }

  int shows_ = 0;
  int reads_ = 0;
  std::function<void(ArenaHeader&)> after_show_;
};

TEST_F(ShownFiles, MakeLongReadsOfOneCopyAndEverFewerCalls) {
  const std::string text = some_text(16 * kMiB);
  directory_.write("file", text);
  const uint32_t fd = open("file", 0);
  for (uint32_t i = 0; i < 16; ++i) ASSERT_EQ(program_.read(fd, kMiB), text.substr(i * kMiB, kMiB)) << i;
  EXPECT_EQ(reads_, 0);
  EXPECT_EQ(shows_, 5) << "1, 1, 2, 4 and 8 MiB";
  EXPECT_EQ(program_.read(fd, kMiB), "");
  EXPECT_EQ(reads_, 1) << "the end is asked for";
}

TEST_F(ShownFiles, ServeSmallReadsThatGoOnForLong) {
  const std::string text = some_text(kMiB + 77);
  directory_.write("file", text);
  const uint32_t fd = open("file", 0);
  for (size_t at = 0; at < text.size(); at += 1001) ASSERT_EQ(program_.read(fd, 1001), text.substr(at, 1001));
  EXPECT_EQ(reads_, 5 + 1) << "of 64 KiB, until it was worth it, and the last for the end";
  EXPECT_EQ(shows_, 2 + 1);
}

TEST_F(ShownFiles, BeginAnywhere) {
  const std::string text = some_text(3 * kMiB);
  directory_.write("file", text);
  const uint32_t fd = open("file", 0);
  for (const uint64_t position :
       {uint64_t{1}, uint64_t{4095}, uint64_t{4097}, uint64_t{8 + 8192}, uint64_t{kMiB + 3}})
    ASSERT_EQ(read_at(fd, position, 300'001), text.substr(position, 300'001)) << position;
  EXPECT_EQ(read_at(fd, text.size() - 300'000, kMiB), text.substr(text.size() - 300'000)) << "across the end";
  EXPECT_EQ(read_at(fd, text.size() + 5, kMiB), "");
}

TEST_F(ShownFiles, AreNotAskedForWhereReadsJump) {
  directory_.write("file", some_text(4 * kMiB));
  const uint32_t fd = open("file", 0);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(program_.read(fd, kMiB)->size(), kMiB);
  const int before = shows_;
  for (uint64_t position = 3 * kMiB; position > 2 * kMiB; position -= 40'000) {
    ASSERT_EQ(read_at(fd, position, 4096)->size(), 4096U);
    ASSERT_EQ(program_.seek(fd, static_cast<int64_t>(position), Whence::set), position);
    ASSERT_EQ(program_.read(fd, 4096)->size(), 4096U);
  }
  EXPECT_EQ(shows_, before);
}

TEST_F(ShownFiles, AreNotAskedForWhereReadsMustBeSynchronous) {
  directory_.write("file", some_text(kMiB));
  const uint32_t fd = open("file", 0, fdflags::rsync);
  ASSERT_EQ(program_.read(fd, kMiB)->size(), kMiB);
  EXPECT_EQ(shows_, 0);
}

TEST_F(ShownFiles, FollowWhatIsWrittenMeanwhile) {
  std::string text = some_text(4 * kMiB);
  directory_.write("file", text);
  const uint32_t fd = open("file", 0);
  const uint32_t other = open("file", 0);
  for (uint32_t i = 0; i < 2; ++i)
    ASSERT_EQ(program_.read(fd, kMiB / 2), text.substr(i * kMiB / 2, kMiB / 2));
  // By this program, held back: 1 MiB is shown, of which half has been read.
  ASSERT_EQ(program_.read(fd, 10), text.substr(kMiB, 10));
  ASSERT_EQ(program_.seek(other, kMiB + 10, Whence::set), kMiB + 10);
  ASSERT_EQ(program_.write(other, "written"), 7U);
  ASSERT_EQ(program_.read(fd, 10), "written" + text.substr(kMiB + 17, 3));
  // By another.
  std::fstream(directory_ / "file").seekp(kMiB + 20) << "elsewhere" << std::flush;
  ASSERT_EQ(program_.read(fd, 9), "elsewhere");
  // It becomes shorter.
  ASSERT_EQ(program_.call("fd_filestat_set_size", {other, kMiB + 40}), Errno::success);
  EXPECT_EQ(program_.read(fd, kMiB), text.substr(kMiB + 29, 11));
}

// The host has lost a page while it was copied: nothing of it is taken for the file's.
TEST_F(ShownFiles, AreReadInsteadWhereTheyAreTorn) {
  const std::string text = some_text(2 * kMiB);
  directory_.write("file", text);
  after_show_ = [](ArenaHeader& header) {
    header.torn = 1;
    std::byte* const window = testing::test_arena().data() + kArenaWindowOffset;
    ASSERT_EQ(::mmap(window, kArenaWindowSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              window);
  };
  for (const uint32_t size : {kMiB, uint32_t{1000}}) {
    const uint32_t fd = open("file", 0);
    const int before = shows_;
    for (size_t at = 0; at < text.size(); at += size)
      ASSERT_EQ(program_.read(fd, size), text.substr(at, size));
    EXPECT_EQ(shows_, before + 1) << "once was enough";
  }
}

TEST_F(ShownFiles, AreNotBelievedToBeMoreThanTheWindow) {
  directory_.write("file", some_text(kMiB));
  const uint32_t fd = open("file", 0);
  after_show_ = [](ArenaHeader& header) { header.result = int64_t{kArenaWindowSize} + 1; };
  EXPECT_THAT(
      testing::host_attack_in([&] { static_cast<void>(program_.read(fd, kMiB)); }),
      ::testing::Optional(::testing::HasSubstr("file_show: result 8388609 is not between 0 and 8388608")));
}

// What a lying host shows is not the file, but no more than asked for reaches the program.
TEST_F(ShownFiles, GiveAProgramNoMoreThanItAskedFor) {
  directory_.write("file", some_text(kMiB));
  const uint32_t fd = open("file", 0);
  testing::set_host([this] {
    ArenaHeader& header = testing::test_arena_header();
    if (header.call == static_cast<uint64_t>(hostcall::Call::file_show)) {
      header.result = int64_t{kArenaWindowSize};
    } else {
      program_.services().serve(testing::test_arena());
    }
  });
  program_.store_text(WasiProgram::kData + 300'000, std::string(100, '#'));
  EXPECT_EQ(read_at(fd, 0, 300'000)->size(), 300'000U);
  EXPECT_EQ(program_.text(WasiProgram::kData + 300'000, 100), std::string(100, '#'));
}

// Reads and writes of all sizes through three descriptors of one file and one of another, and other sizes of the files, against strings.
TEST_F(ShownFiles, AreWhatTheFileIs) {
  std::mt19937 random(20261124);
  const auto below = [&](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  struct Open {
    uint32_t fd;
    size_t file;
    uint64_t position = 0;
  };
  std::array<std::string, 2> contents = {some_text(3 * kMiB), some_text(kMiB)};
  directory_.write("one", contents[0]);
  directory_.write("two", contents[1]);
  std::array<Open, 4> opened = {Open{open("one", 0), 0}, Open{open("one", 0), 0}, Open{open("one", 0), 0},
                                Open{open("two", 0), 1}};
  for (int step = 0; step < 4000; ++step) {
    Open& at = opened[below(8) < 5 ? 0 : below(opened.size())];
    std::string& model = contents[at.file];
    const uint32_t size = 1 + below(below(4) == 0 ? 600'000 : below(3) == 0 ? 70'000 : 5000);
    switch (below(16)) {
      case 0:
        at.position = below(static_cast<uint32_t>(model.size()) + 20);
        ASSERT_EQ(program_.seek(at.fd, static_cast<int64_t>(at.position), Whence::set), at.position);
        break;
      case 1: {
        const uint64_t position = below(static_cast<uint32_t>(model.size()) + 20);
        ASSERT_EQ(read_at(at.fd, position, size),
                  position < model.size() ? model.substr(position, size) : "");
        break;
      }
      case 2: {
        const std::string data = some_text(size);
        if (at.position > model.size() || at.position + size > 3 * kMiB) break;
        if (model.size() < at.position + data.size()) model.resize(at.position + data.size());
        model.replace(at.position, data.size(), data);
        ASSERT_EQ(program_.write(at.fd, data), data.size());
        at.position += data.size();
        break;
      }
      case 3:
        if (below(8) != 0) break;
        model.resize(model.size() / 2 +
                     below(static_cast<uint32_t>(model.size() / 2) + 1));  // a file with holes is not shown
        ASSERT_EQ(program_.call("fd_filestat_set_size", {at.fd, model.size()}), Errno::success);
        break;
      default: {
        const std::string expected = at.position < model.size() ? model.substr(at.position, size) : "";
        ASSERT_EQ(program_.read(at.fd, size), expected) << "step " << step;
        at.position += expected.size();
      }
    }
  }
  EXPECT_GT(shows_, 100);
  EXPECT_TRUE(program_.context().finish());
  EXPECT_TRUE(directory_.read("one") == contents[0]);
  EXPECT_TRUE(directory_.read("two") == contents[1]);
}

}  // namespace
}  // namespace twine::wasi

// Small reads and writes that are gathered (enclave/fs/small_transfers.h): what a program and other processes see of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
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

}  // namespace
}  // namespace twine::wasi

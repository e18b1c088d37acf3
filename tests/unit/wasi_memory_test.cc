// Directories in enclave memory. Linux is the judge: what a program does to one is done to a directory of the host as well, and both must
// answer alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine::wasi {
namespace {

using testing::WasiProgram;

constexpr uint32_t kHost = 3;
constexpr uint32_t kMemory = 4;
constexpr uint64_t kLimit = uint64_t{4} << 20;

class WasiMemory : public ::testing::Test {
 protected:
  void SetUp() override { restart(); }

  // Both directories are empty again.
  void restart() {
    program_.reset();
    outer_ = std::make_unique<testing::TemporaryDirectory>();
    program_ = std::make_unique<WasiProgram>(
        host::ServicesConfig{.mounts = {{.host_path = outer_->path(), .read_only = false}}},
        WasiConfig{.arguments = {},
                   .environment = {},
                   .mounts = {{.guest_path = "/host"}, {.guest_path = "/tmp", .memory_bytes = kLimit}}});
  }

  std::unique_ptr<testing::TemporaryDirectory> outer_;
  std::unique_ptr<WasiProgram> program_;

  // Runs `operation` on both; they must agree, and what they agreed on is returned.
  template <typename Operation>
  auto both(const std::string& what, Operation operation) {
    const auto host = operation(kHost);
    const auto memory = operation(kMemory);
    EXPECT_EQ(host, memory) << what;
    return memory;
  }

  // Names and types, in whatever order.
  std::map<std::string, Filetype> list(uint32_t directory) {
    std::map<std::string, Filetype> entries;
    for (uint64_t cookie = 0;;) {
      constexpr uint32_t kBuffer = 4096;
      if (program_->call("fd_readdir", {directory, WasiProgram::kData, kBuffer, cookie,
                                        WasiProgram::kResult}) != Errno::success)
        return entries;
      const uint32_t used = program_->result();
      for (uint32_t at = 0; used - at >= sizeof(Dirent);) {
        const auto entry = program_->load<Dirent>(WasiProgram::kData + at);
        at += sizeof entry;
        if (used - at < entry.d_namlen) break;
        EXPECT_TRUE(
            entries.emplace(program_->text(WasiProgram::kData + at, entry.d_namlen), entry.d_type).second)
            << "an entry came twice";
        at += entry.d_namlen;
        cookie = entry.d_next;
      }
      if (used < kBuffer) return entries;
    }
  }

  void write_file(uint32_t directory, std::string_view path, std::string_view contents) {
    const auto fd = program_->open(directory, path, oflags::creat | oflags::trunc);
    ASSERT_TRUE(fd.has_value());
    EXPECT_EQ(program_->write(*fd, contents), contents.size());
    program_->call("fd_close", {*fd});
  }
};

// What can be compared of a stat: sizes of directories are a file system's own affair.
std::string summary(const IoResult<Filestat>& stat) {
  if (!stat) return "errno " + std::to_string(static_cast<int>(stat.error()));
  std::string text = "type " + std::to_string(static_cast<int>(stat->filetype));
  if (stat->filetype != Filetype::directory)
    text += " size " + std::to_string(stat->size) + " links " + std::to_string(stat->nlink);
  return text;
}

TEST_F(WasiMemory, FilesKeepWhatIsWritten) {
  const auto fd = program_->open(kMemory, "file", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  const std::string text(10'000, 'x');
  EXPECT_EQ(program_->write(*fd, text), text.size());
  EXPECT_EQ(program_->seek(*fd, -5, Whence::end), 9'995U);
  EXPECT_EQ(program_->write(*fd, "0123456789"), 10U);
  EXPECT_EQ(program_->seek(*fd, 9'990, Whence::set), 9'990U);
  EXPECT_EQ(program_->read(*fd, 100), "xxxxx0123456789");
  EXPECT_EQ(program_->read(*fd, 100), "");
}

TEST_F(WasiMemory, AHoleReadsAsZeroesAndCostsNothing) {
  const auto fd = program_->open(kMemory, "sparse", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_->call("fd_filestat_set_size", {*fd, uint64_t{1} << 40}), Errno::success);
  EXPECT_EQ(program_->seek(*fd, int64_t{1} << 39, Whence::set), uint64_t{1} << 39);
  EXPECT_EQ(program_->read(*fd, 3), std::string(3, '\0'));
}

TEST_F(WasiMemory, WhatWasCutOffReadsAsZeroesWhenTheFileGrowsAgain) {
  const auto fd = program_->open(kMemory, "file", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_->write(*fd, "secret"), 6U);
  EXPECT_EQ(program_->call("fd_filestat_set_size", {*fd, 2}), Errno::success);
  EXPECT_EQ(program_->call("fd_filestat_set_size", {*fd, 6}), Errno::success);
  EXPECT_EQ(program_->seek(*fd, 0, Whence::set), 0U);
  EXPECT_EQ(program_->read(*fd, 10), std::string("se\0\0\0\0", 6));
}

TEST_F(WasiMemory, TheLimitIsNospcAndRoomComesBack) {
  const auto fd = program_->open(kMemory, "big", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  const std::string block(1 << 20, 'b');
  uint64_t written = 0;
  IoResult<uint32_t> last = 0;
  while ((last = program_->write(*fd, block)).has_value()) written += *last;
  EXPECT_EQ(last, std::unexpected(Errno::nospc));
  EXPECT_GT(written, kLimit * 9 / 10);
  EXPECT_LE(written, kLimit);
  EXPECT_EQ(program_->on_path("path_create_directory", kMemory, "d"), Errno::success)
      << "a little is left, or";
  // A file without a name lives as long as it is open.
  EXPECT_EQ(program_->on_path("path_unlink_file", kMemory, "big"), Errno::success);
  EXPECT_EQ(program_->write(*fd, block), std::unexpected(Errno::nospc));
  EXPECT_EQ(program_->call("fd_close", {*fd}), Errno::success);
  write_file(kMemory, "again", block);
}

TEST_F(WasiMemory, AWriteFarBeyondTheLimitIsNospc) {
  const auto fd = program_->open(kMemory, "far", oflags::creat);
  ASSERT_TRUE(fd.has_value());
  for (const int shift : {40, 50, 62}) {
    EXPECT_EQ(program_->seek(*fd, int64_t{1} << shift, Whence::set), uint64_t{1} << shift);
    EXPECT_EQ(program_->write(*fd, "x"), std::unexpected(Errno::nospc)) << shift;
  }
}

TEST_F(WasiMemory, ManyNamesMeetTheLimit) {
  Errno last = Errno::success;
  int made = 0;
  while (last == Errno::success && made < 100'000)
    last = program_->on_path("path_create_directory", kMemory, "d" + std::to_string(made++));
  EXPECT_EQ(last, Errno::nospc);
  EXPECT_GT(made, 1000);
}

TEST_F(WasiMemory, NothingReachesTheHost) {
  write_file(kMemory, "secret", "secret");
  EXPECT_TRUE(std::filesystem::is_empty(outer_->path()));
}

TEST_F(WasiMemory, CrossingMountsIsCrossingDevices) {
  write_file(kMemory, "file", "x");
  EXPECT_EQ(program_->on_two_paths("path_rename", kMemory, "file", kHost, "file"), Errno::xdev);
  EXPECT_EQ(program_->on_two_paths("path_rename", kHost, "file", kMemory, "file2"), Errno::xdev);
  EXPECT_EQ(program_->on_two_paths("path_link", kMemory, "file", kHost, "file"), Errno::xdev);
  EXPECT_NE(program_->stat(kMemory, ".")->dev, program_->stat(kHost, ".")->dev);
}

TEST_F(WasiMemory, ADirectoryDoesNotMoveIntoItself) {
  both("mkdir", [&](uint32_t at) { return program_->on_path("path_create_directory", at, "a"); });
  both("mkdir", [&](uint32_t at) { return program_->on_path("path_create_directory", at, "a/b"); });
  EXPECT_EQ(both("rename",
                 [&](uint32_t at) { return program_->on_two_paths("path_rename", at, "a", at, "a/b/c"); }),
            Errno::inval);
  EXPECT_EQ(
      both("rename", [&](uint32_t at) { return program_->on_two_paths("path_rename", at, "a/b", at, "a"); }),
      Errno::notempty);
}

TEST_F(WasiMemory, ARemovedDirectoryIsEmptyAndTakesNoNames) {
  both("mkdir", [&](uint32_t at) { return program_->on_path("path_create_directory", at, "d"); });
  std::map<uint32_t, uint32_t> open;
  for (const uint32_t at : {kHost, kMemory})
    open[at] = program_->open(at, "d", oflags::directory, rights::fd_readdir | rights::path_create_directory)
                   .value();
  both("rmdir", [&](uint32_t at) { return program_->on_path("path_remove_directory", at, "d"); });
  EXPECT_EQ(
      both("create", [&](uint32_t at) { return program_->on_path("path_create_directory", open[at], "x"); }),
      Errno::noent);
  EXPECT_TRUE(both("list", [&](uint32_t at) { return list(open[at]); }).empty());
}

TEST_F(WasiMemory, AListingThatIsContinuedAfterChangesMissesAndRepeatsNothing) {
  for (int i = 0; i < 200; ++i) write_file(kMemory, "f" + std::to_string(i), "");
  std::multiset<std::string> seen;
  uint64_t cookie = 0;
  for (int round = 0;; ++round) {
    ASSERT_EQ(program_->call("fd_readdir", {kMemory, WasiProgram::kData, 200, cookie, WasiProgram::kResult}),
              Errno::success);
    const uint32_t used = program_->result();
    for (uint32_t at = 0; used - at >= sizeof(Dirent);) {
      const auto entry = program_->load<Dirent>(WasiProgram::kData + at);
      at += sizeof entry;
      if (used - at < entry.d_namlen) break;
      seen.insert(program_->text(WasiProgram::kData + at, entry.d_namlen));
      at += entry.d_namlen;
      cookie = entry.d_next;
    }
    if (used < 200) break;
    // f0 … come and go while they are listed.
    program_->on_path("path_unlink_file", kMemory, "f" + std::to_string(round % 50));
    write_file(kMemory, "f" + std::to_string(round % 50), "");
    ASSERT_LT(round, 10'000);
    if (round > 400) break;
  }
  for (int i = 50; i < 200; ++i) EXPECT_EQ(seen.count("f" + std::to_string(i)), 1U) << i;
}

TEST_F(WasiMemory, TimesFollowChangesAndAreSettable) {
  write_file(kMemory, "file", "x");
  const auto before = program_->stat(kMemory, "file");
  ASSERT_TRUE(before.has_value());
  EXPECT_GT(before->mtim, uint64_t{1'700'000'000} * 1'000'000'000);
  program_->store_text(WasiProgram::kPath, "file");
  EXPECT_EQ(program_->call("path_filestat_set_times",
                           {kMemory, 0, WasiProgram::kPath, 4, 7, 9, fstflags::atim | fstflags::mtim}),
            Errno::success);
  const auto set = program_->stat(kMemory, "file");
  EXPECT_EQ(set->atim, 7U);
  EXPECT_EQ(set->mtim, 9U);
  EXPECT_GE(set->ctim, before->ctim);
  write_file(kMemory, "file", "y");
  EXPECT_GE(program_->stat(kMemory, "file")->mtim, before->mtim);
}

// --- Random programs ------------------------------------------------------------------------------------------------

class RandomProgram {
 public:
  explicit RandomProgram(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t bound) { return random_() % bound; }
  // Few names, so that paths meet each other; `..`, trailing slashes and links among them.
  std::string path() {
    static constexpr const char* kNames[] = {"a", "b", "c", "link", "d", ".", "..", "e"};
    std::string text = kNames[below(std::size(kNames))];
    while (below(3) == 0) text += std::string("/") + kNames[below(std::size(kNames))];
    if (below(12) == 0) text += "/";
    return text;
  }

 private:
  std::mt19937_64 random_;
};

// Where several errors apply and the host's services name another one than the kernel would, before the kernel is asked.
bool may_differ(uint64_t kind, const std::string& one, const std::string& two) {
  constexpr uint64_t kLink = 4;
  static_cast<void>(two);
  return kind == kLink && one.ends_with('/');
}

TEST_F(WasiMemory, AnswersRandomProgramsAsLinuxDoes) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    RandomProgram random(seed);
    for (int step = 0; step < 400; ++step) {
      const std::string one = random.path();
      const std::string two = random.path();
      const std::string contents = random.path();
      const uint64_t kind = random.below(11);
      const bool follow = random.below(2) == 0;
      const auto flags = static_cast<Oflags>(random.below(16));
      const uint64_t size = random.below(9000);
      const std::string what = "seed " + std::to_string(seed) + " step " + std::to_string(step) + " kind " +
                               std::to_string(kind) + " '" + one + "' '" + two + "' flags " +
                               std::to_string(flags);
      const auto operation = [&](uint32_t at) -> std::string {
        const auto word = [](Errno error) { return std::to_string(static_cast<int>(error)); };
        switch (kind) {
          case 0:
            return word(program_->on_path("path_create_directory", at, one));
          case 1:
            return word(program_->on_path("path_remove_directory", at, one));
          case 2:
            return word(program_->on_path("path_unlink_file", at, one));
          case 3:
            return word(program_->on_two_paths("path_rename", at, one, at, two));
          case 4:
            return word(program_->on_two_paths("path_link", at, one, at, two));
          case 5:
            return word(program_->symlink(contents, at, one));
          case 6:
            return summary(program_->stat(at, one, follow));
          default: {
            const auto fd = program_->open(at, one, flags);
            if (!fd) return "open " + word(fd.error());
            std::string said = "opened";
            const auto wrote = program_->write(*fd, std::string(size, static_cast<char>('a' + size % 26)));
            said += wrote ? " wrote" : " " + word(wrote.error());
            static_cast<void>(program_->seek(*fd, static_cast<int64_t>(size / 2), Whence::set));
            const auto read = program_->read(*fd, 100);
            said += read ? " read " + *read : " " + word(read.error());
            program_->call("fd_close", {*fd});
            return said;
          }
        }
      };
      const std::string host = operation(kHost);
      const std::string memory = operation(kMemory);
      if (host != memory && !may_differ(kind, one, two)) {
        ADD_FAILURE() << what << ": host " << host << ", memory " << memory;
        return;
      }
    }
    ASSERT_EQ(list(kHost), list(kMemory)) << seed;
    restart();
  }
}

}  // namespace
}  // namespace twine::wasi

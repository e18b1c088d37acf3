// Names beneath a directory as programs see them: opening, listing, links, renaming, read-only mounts, and
// every way out of a mount.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "unit/temporary_directory.h"
#include "unit/wasi_program.h"

namespace twine::wasi {
namespace {

using ::testing::UnorderedElementsAre;
using testing::WasiProgram;

constexpr uint32_t kRoot = 3;
constexpr uint32_t kReadOnly = 4;

class WasiPath : public ::testing::Test {
 protected:
  WasiPath() {
    std::filesystem::create_directory(outer_ / "mount");
    outer_.write("secret", "secret");
    std::filesystem::create_directory(outer_ / "mount/sub");
    write("file", "contents");
    write("sub/inner", "inner");
  }

  [[nodiscard]] std::filesystem::path inside(std::string_view name) const {
    return outer_.path() / "mount" / name;
  }
  void write(std::string_view name, std::string_view contents) const {
    outer_.write("mount/" + std::string(name), contents);
  }
  [[nodiscard]] std::string read(std::string_view name) const {
    return outer_.read("mount/" + std::string(name));
  }
  [[nodiscard]] bool exists(std::string_view name) const {
    return outer_.exists("mount/" + std::string(name));
  }

  // All of a directory, asked for in pieces of `buffer` bytes, as name → type.
  std::map<std::string, Filetype> list(uint32_t fd, uint32_t buffer) {
    std::map<std::string, Filetype> entries;
    for (uint64_t cookie = 0;;) {
      EXPECT_EQ(program_->call("fd_readdir", {fd, WasiProgram::kData, buffer, cookie, WasiProgram::kResult}),
                Errno::success);
      const uint32_t used = program_->result();
      const uint64_t asked_from = cookie;
      for (uint32_t at = 0; used - at >= sizeof(Dirent);) {
        const auto entry = program_->load<Dirent>(WasiProgram::kData + at);
        at += sizeof entry;
        if (used - at < entry.d_namlen) break;
        const bool is_new =
            entries.emplace(program_->text(WasiProgram::kData + at, entry.d_namlen), entry.d_type).second;
        EXPECT_TRUE(is_new) << "an entry came twice";
        at += entry.d_namlen;
        EXPECT_LE(entry.d_next, uint64_t{INT32_MAX}) << "telldir of wasi-libc keeps 32 bits";
        cookie = entry.d_next;
      }
      if (used < buffer) return entries;
      EXPECT_NE(cookie, asked_from) << "the buffer is too small for one entry";
      if (cookie == asked_from) return entries;
    }
  }

  testing::TemporaryDirectory outer_;
  std::unique_ptr<WasiProgram> program_ = [this] {
    std::filesystem::create_directory(outer_ / "mount");
    return std::make_unique<WasiProgram>(
        host::ServicesConfig{.mounts = {{.host_path = outer_ / "mount", .read_only = false},
                                        {.host_path = outer_ / "mount", .read_only = true}}},
        WasiConfig{
            .arguments = {},
            .environment = {},
            .mounts = {{.guest_path = ".", .read_only = false}, {.guest_path = "/ro", .read_only = true}}});
  }();
};

// ---------------------------------------------------------------- open

TEST_F(WasiPath, OpensCreatesAndTruncatesAsAsked) {
  EXPECT_EQ(program_->open(kRoot, "absent"), std::unexpected(Errno::noent));
  EXPECT_TRUE(program_->open(kRoot, "absent", oflags::creat | oflags::excl).has_value());
  EXPECT_EQ(program_->open(kRoot, "absent", oflags::creat | oflags::excl), std::unexpected(Errno::exist));
  EXPECT_TRUE(program_->open(kRoot, "file", oflags::trunc).has_value());
  EXPECT_EQ(read("file"), "");
  EXPECT_EQ(program_->open(kRoot, "file", oflags::directory), std::unexpected(Errno::notdir));
  EXPECT_EQ(program_->open(kRoot, "sub", 0, rights::fd_write), std::unexpected(Errno::isdir));
  EXPECT_EQ(program_->open(kRoot, "file/x"), std::unexpected(Errno::notdir));
  EXPECT_EQ(program_->open(kRoot, "x", 1U << 4), std::unexpected(Errno::inval));
}

TEST_F(WasiPath, OpensThroughADirectoryItHasOpened) {
  const auto sub = program_->open(kRoot, "sub", oflags::directory, rights::all & ~rights::fd_write);
  ASSERT_TRUE(sub.has_value());
  const auto inner = program_->open(*sub, "inner");
  ASSERT_TRUE(inner.has_value());
  EXPECT_EQ(program_->read(*inner, 10), "inner");
  EXPECT_EQ(program_->open(*inner, "x"), std::unexpected(Errno::notdir));
}

TEST_F(WasiPath, ReadsADirectoryDescriptorOnlyAsADirectory) {
  const auto sub = program_->open(kRoot, "sub", oflags::directory, rights::fd_readdir | rights::fd_read);
  ASSERT_TRUE(sub.has_value());
  EXPECT_EQ(program_->read(*sub, 1), std::unexpected(Errno::isdir));
  EXPECT_EQ(program_->seek(*sub, 0, Whence::set), std::unexpected(Errno::badf));
  EXPECT_EQ(program_->call("fd_readdir", {0, 0, 100, 0, 16}), Errno::notdir);
}

// ---------------------------------------------------------------- what a path may be

TEST_F(WasiPath, RefusesPathsThatAreNone) {
  for (const auto& [path, error] :
       std::initializer_list<std::pair<std::string, Errno>>{{"", Errno::noent},
                                                            {"/file", Errno::perm},
                                                            {"/", Errno::perm},
                                                            {"..", Errno::perm},
                                                            {"../secret", Errno::perm},
                                                            {"sub/../../secret", Errno::perm},
                                                            {"./.././secret", Errno::perm},
                                                            {std::string("file\0", 5), Errno::inval},
                                                            {std::string("\0", 1), Errno::inval},
                                                            {"file\xff", Errno::ilseq},
                                                            {std::string(4097, 'a'), Errno::nametoolong},
                                                            {std::string(300, 'a'), Errno::nametoolong},
                                                            {"file/", Errno::notdir},
                                                            {"file/.", Errno::notdir},
                                                            {"absent/../file", Errno::noent}}) {
    EXPECT_EQ(program_->open(kRoot, path), std::unexpected(error)) << path;
    EXPECT_EQ(program_->stat(kRoot, path), std::unexpected(error)) << path;
  }
}

TEST_F(WasiPath, AcceptsDotsAndSlashesThatStayInside) {
  for (const std::string path : {"./file", "sub/../file", ".//sub/.././/file", "sub/inner/../../file"}) {
    const auto stat = program_->stat(kRoot, path);
    if (path == "sub/inner/../../file") {
      EXPECT_EQ(stat.error(), Errno::notdir) << "a file has no parent entry";
    } else {
      EXPECT_TRUE(stat.has_value()) << path;
    }
  }
  EXPECT_EQ(program_->stat(kRoot, ".")->filetype, Filetype::directory);
  EXPECT_EQ(program_->stat(kRoot, "sub/")->filetype, Filetype::directory);
}

// ---------------------------------------------------------------- ways out

TEST_F(WasiPath, FollowsNoLinkOutOfTheMount) {
  std::filesystem::create_symlink("../secret", inside("relative"));
  std::filesystem::create_symlink(outer_ / "secret", inside("absolute"));
  std::filesystem::create_symlink("..", inside("parent"));
  std::filesystem::create_symlink("/", inside("root"));
  std::filesystem::create_symlink("sub/../../secret", inside("winding"));
  std::filesystem::create_symlink("/proc/self/root", inside("magic"));
  std::filesystem::create_symlink("relative", inside("chain"));
  for (const std::string path : {"relative", "absolute", "parent/secret", "root/etc/passwd", "winding",
                                 "magic/etc/passwd", "chain", "parent", "root"}) {
    EXPECT_EQ(program_->open(kRoot, path, 0, rights::fd_read), std::unexpected(Errno::perm)) << path;
    EXPECT_EQ(program_->stat(kRoot, path, /*follow=*/true), std::unexpected(Errno::perm)) << path;
  }
  for (const std::string path : {"parent/new", "root/tmp/new", "magic/tmp/new"}) {
    EXPECT_EQ(program_->open(kRoot, path, oflags::creat), std::unexpected(Errno::perm)) << path;
    EXPECT_EQ(program_->on_path("path_create_directory", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->symlink("x", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->on_two_paths("path_rename", kRoot, "file", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->on_two_paths("path_rename", kRoot, path, kRoot, "file"), Errno::perm) << path;
    EXPECT_EQ(program_->on_two_paths("path_link", kRoot, "file", kRoot, path), Errno::perm) << path;
    EXPECT_EQ(program_->on_two_paths("path_link", kRoot, path, kRoot, "link"), Errno::perm) << path;
  }
  EXPECT_FALSE(outer_.exists("new"));
  EXPECT_EQ(outer_.read("secret"), "secret");
}

TEST_F(WasiPath, DoesNotFollowALinkForTheSakeOfATrailingSlash) {
  std::filesystem::create_directory(outer_ / "outside");
  std::filesystem::create_symlink("../outside", inside("link"));
  EXPECT_EQ(program_->stat(kRoot, "link/", /*follow=*/false), std::unexpected(Errno::perm));
  EXPECT_NE(program_->on_path("path_remove_directory", kRoot, "link/"), Errno::success);
  EXPECT_NE(program_->on_path("path_unlink_file", kRoot, "link/"), Errno::success);
  EXPECT_NE(program_->on_two_paths("path_rename", kRoot, "link/", kRoot, "moved"), Errno::success);
  EXPECT_NE(program_->on_two_paths("path_link", kRoot, "link/", kRoot, "linked"), Errno::success);
  EXPECT_NE(program_->on_path("path_create_directory", kRoot, "link/"), Errno::success);
  EXPECT_TRUE(outer_.exists("outside"));
  EXPECT_TRUE(exists("link"));
}

TEST_F(WasiPath, IsNotFooledByALinkThatIsSwappedWhileItIsFollowed) {
  // One thread makes `swapped` a directory and a link to the outside in turn; no open may ever reach the file
  // outside.
  std::filesystem::create_directory(outer_ / "outside");
  outer_.write("outside/target", "secret");
  std::filesystem::create_directory(inside("honest"));
  write("honest/target", "inside");
  std::filesystem::create_symlink("../outside", inside("evil"));
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) {
      for (const char* name : {"honest", "evil"}) {
        std::error_code ignored;
        std::filesystem::rename(inside(name), inside("swapped"), ignored);
        std::filesystem::rename(inside("swapped"), inside(name), ignored);
      }
    }
  });
  size_t opened = 0;
  // On a busy machine the other thread may not run for a while: go on until the race has happened, within reason.
  for (int attempt = 0; attempt < 20'000 || (opened == 0 && attempt < 2'000'000); ++attempt) {
    const auto fd = program_->open(kRoot, "swapped/target", 0, rights::fd_read);
    if (!fd) continue;
    ++opened;
    EXPECT_EQ(program_->read(*fd, 6), "inside");
    EXPECT_EQ(program_->call("fd_close", {*fd}), Errno::success);
  }
  stop = true;
  swapper.join();
  EXPECT_GT(opened, 0U) << "the race never happened, so nothing was shown";
}

// ---------------------------------------------------------------- links

TEST_F(WasiPath, MakesReadsAndFollowsSymbolicLinks) {
  ASSERT_EQ(program_->symlink("sub/inner", kRoot, "link"), Errno::success);
  EXPECT_EQ(program_->stat(kRoot, "link", /*follow=*/false)->filetype, Filetype::symbolic_link);
  EXPECT_EQ(program_->stat(kRoot, "link", /*follow=*/true)->filetype, Filetype::regular_file);
  EXPECT_EQ(program_->read(*program_->open(kRoot, "link"), 10), "inner");
  EXPECT_EQ(program_->open(kRoot, "link", 0, rights::all, 0, /*lookup=*/0), std::unexpected(Errno::loop));
  program_->store_text(WasiProgram::kPath, "link");
  ASSERT_EQ(program_->call("path_readlink", {kRoot, WasiProgram::kPath, 4, WasiProgram::kData, 100, 16}),
            Errno::success);
  EXPECT_EQ(program_->text(WasiProgram::kData, program_->result()), "sub/inner");
  ASSERT_EQ(program_->call("path_readlink", {kRoot, WasiProgram::kPath, 4, WasiProgram::kData, 3, 16}),
            Errno::success);
  EXPECT_EQ(program_->result(), 3U) << "cut off, as readlink(2) does";
  program_->store_text(WasiProgram::kPath, "file");
  EXPECT_EQ(program_->call("path_readlink", {kRoot, WasiProgram::kPath, 4, WasiProgram::kData, 100, 16}),
            Errno::inval);
  ASSERT_EQ(program_->symlink("loop", kRoot, "loop"), Errno::success);
  EXPECT_EQ(program_->open(kRoot, "loop"), std::unexpected(Errno::loop));
  EXPECT_EQ(program_->symlink("dangling", kRoot, "link"), Errno::exist);
}

TEST_F(WasiPath, MakesNoLinkToAnAbsolutePathAndTellsNone) {
  EXPECT_EQ(program_->symlink("/etc/passwd", kRoot, "link"), Errno::perm);
  EXPECT_FALSE(exists("link"));
  std::filesystem::create_symlink("/etc/passwd", inside("theirs"));
  program_->store_text(WasiProgram::kPath, "theirs");
  EXPECT_EQ(program_->call("path_readlink", {kRoot, WasiProgram::kPath, 6, WasiProgram::kData, 100, 16}),
            Errno::perm);
}

TEST_F(WasiPath, MakesHardLinksToNamesOnly) {
  ASSERT_EQ(program_->on_two_paths("path_link", kRoot, "file", kRoot, "sub/second"), Errno::success);
  EXPECT_EQ(program_->stat(kRoot, "file")->nlink, 2U);
  EXPECT_EQ(program_->on_two_paths("path_link", kRoot, "sub", kRoot, "sub2"), Errno::perm);
  EXPECT_EQ(program_->on_two_paths("path_link", kRoot, "file", kRoot, "sub/second"), Errno::exist);
}

TEST_F(WasiPath, MakesAHardLinkToWhatASymbolicLinkLeadsToWhenAskedTo) {
  std::filesystem::create_symlink("sub/inner", inside("link"));
  std::filesystem::create_symlink("../secret", inside("out"));
  std::filesystem::create_symlink("absent", inside("dangling"));
  const auto link = [this](std::string_view from, uint32_t flags, std::string_view to) {
    program_->store_text(WasiProgram::kPath, from);
    program_->store_text(WasiProgram::kPath2, to);
    return program_->call(
        "path_link", {kRoot, flags, WasiProgram::kPath, from.size(), kRoot, WasiProgram::kPath2, to.size()});
  };
  EXPECT_EQ(link("link", lookupflags::symlink_follow, "followed"), Errno::success);
  EXPECT_EQ(program_->stat(kRoot, "followed", /*follow=*/false)->filetype, Filetype::regular_file);
  EXPECT_EQ(read("followed"), "inner");
  EXPECT_EQ(link("link", 0, "kept"), Errno::success);
  EXPECT_EQ(program_->stat(kRoot, "kept", /*follow=*/false)->filetype, Filetype::symbolic_link);
  EXPECT_EQ(link("out", lookupflags::symlink_follow, "third"), Errno::perm);
  EXPECT_EQ(link("dangling", lookupflags::symlink_follow, "third"), Errno::noent);
  EXPECT_EQ(link("link", 2, "third"), Errno::inval);
  EXPECT_FALSE(exists("third"));
}

TEST_F(WasiPath, ClimbsThroughALinkAsFarAsTheMountReaches) {
  std::filesystem::create_directories(inside("deep/er"));
  std::filesystem::create_symlink("deep/er", inside("link"));
  EXPECT_EQ(program_->read(*program_->open(kRoot, "link/../../file"), 8), "contents");
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, "link/../../new"), Errno::success);
  EXPECT_TRUE(exists("new"));
  EXPECT_EQ(program_->stat(kRoot, "link/../../../secret"), std::unexpected(Errno::perm));
  EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, "link/../../.."), Errno::perm);
  EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, "link/.."), Errno::notempty);
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, ".."), Errno::perm);
}

// ---------------------------------------------------------------- names

TEST_F(WasiPath, RenamesAndReplaces) {
  ASSERT_EQ(program_->on_two_paths("path_rename", kRoot, "file", kRoot, "sub/inner"), Errno::success);
  EXPECT_FALSE(exists("file"));
  EXPECT_EQ(read("sub/inner"), "contents");
  EXPECT_EQ(program_->on_two_paths("path_rename", kRoot, "file", kRoot, "x"), Errno::noent);
  EXPECT_EQ(program_->on_two_paths("path_rename", kRoot, "sub", kRoot, "sub/below"), Errno::inval);
}

TEST_F(WasiPath, RemovesWhatItMay) {
  EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, "sub"), Errno::isdir);
  EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, "file"), Errno::notdir);
  EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, "sub"), Errno::notempty);
  EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, "sub/inner"), Errno::success);
  EXPECT_EQ(program_->on_path("path_remove_directory", kRoot, "sub/"), Errno::success);
  EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, "file/"), Errno::notdir);
  EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, "file"), Errno::success);
  EXPECT_EQ(program_->on_path("path_unlink_file", kRoot, "file"), Errno::noent);
}

TEST_F(WasiPath, MakesDirectories) {
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, "new"), Errno::success);
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, "new"), Errno::exist);
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, "new/deeper/"), Errno::success);
  EXPECT_EQ(program_->on_path("path_create_directory", kRoot, "absent/x"), Errno::noent);
  EXPECT_EQ(program_->stat(kRoot, "new/deeper")->filetype, Filetype::directory);
}

TEST_F(WasiPath, KeepsAFileReadableAfterItsNameIsGone) {
  const auto fd = program_->open(kRoot, "file");
  ASSERT_EQ(program_->on_path("path_unlink_file", kRoot, "file"), Errno::success);
  EXPECT_EQ(program_->read(*fd, 20), "contents");
}

// ---------------------------------------------------------------- listing

TEST_F(WasiPath, ListsEverythingOnceWithItsType) {
  std::filesystem::create_symlink("file", inside("link"));
  ASSERT_EQ(mkfifo(inside("pipe").c_str(), 0600), 0);
  EXPECT_THAT(
      list(kRoot, 4096),
      UnorderedElementsAre(std::pair(".", Filetype::directory), std::pair("..", Filetype::directory),
                           std::pair("file", Filetype::regular_file), std::pair("sub", Filetype::directory),
                           std::pair("link", Filetype::symbolic_link), std::pair("pipe", Filetype::unknown)));
}

TEST_F(WasiPath, ListsAnyNumberOfEntriesThroughABufferOfAnySize) {
  for (int i = 0; i < 1500; ++i) write("entry-with-a-long-name-" + std::to_string(i), "");
  const size_t expected = 1500 + 4;
  for (const uint32_t buffer : {64U, 100U, 4096U, 70'000U, 1'000'000U}) {
    EXPECT_EQ(list(kRoot, buffer).size(), expected) << buffer;
  }
}

TEST_F(WasiPath, FillsTheBufferWhenThereIsMore) {
  // C libraries take `used < size` as the end, so the last entry must be cut rather than left out.
  ASSERT_EQ(program_->call("fd_readdir", {kRoot, WasiProgram::kData, 30, 0, 16}), Errno::success);
  EXPECT_EQ(program_->result(), 30U);
  ASSERT_EQ(program_->call("fd_readdir", {kRoot, WasiProgram::kData, 0, 0, 16}), Errno::success);
  EXPECT_EQ(program_->result(), 0U);
}

// ---------------------------------------------------------------- read-only mounts

TEST_F(WasiPath, ChangesNothingOnAReadOnlyMount) {
  const auto fd = program_->open(kReadOnly, "file", 0, rights::fd_read | rights::fd_filestat_set_times);
  ASSERT_TRUE(fd.has_value());
  EXPECT_EQ(program_->read(*fd, 20), "contents");
  EXPECT_EQ(program_->call("fd_filestat_set_times", {*fd, 0, 0, fstflags::mtim_now}), Errno::rofs);
  constexpr Rights kReading = rights::fd_read;
  EXPECT_EQ(program_->open(kReadOnly, "file"), std::unexpected(Errno::rofs));
  EXPECT_EQ(program_->open(kReadOnly, "file", oflags::trunc, kReading), std::unexpected(Errno::rofs));
  EXPECT_EQ(program_->open(kReadOnly, "new", oflags::creat, kReading), std::unexpected(Errno::rofs));
  EXPECT_TRUE(program_->open(kReadOnly, "file", oflags::creat, kReading).has_value())
      << "it exists: nothing is created";
  EXPECT_EQ(program_->on_path("path_create_directory", kReadOnly, "new"), Errno::rofs);
  EXPECT_EQ(program_->on_path("path_unlink_file", kReadOnly, "file"), Errno::rofs);
  EXPECT_EQ(program_->on_path("path_remove_directory", kReadOnly, "sub"), Errno::rofs);
  EXPECT_EQ(program_->symlink("x", kReadOnly, "new"), Errno::rofs);
  EXPECT_EQ(program_->on_two_paths("path_rename", kReadOnly, "file", kRoot, "new"), Errno::rofs);
  EXPECT_EQ(program_->on_two_paths("path_rename", kRoot, "file", kReadOnly, "new"), Errno::rofs);
  EXPECT_EQ(program_->on_two_paths("path_link", kReadOnly, "file", kRoot, "new"), Errno::rofs);
  const auto sub =
      program_->open(kReadOnly, "sub", oflags::directory, rights::fd_readdir | rights::path_open);
  ASSERT_TRUE(sub.has_value());
  EXPECT_EQ(program_->open(*sub, "inner", 0, rights::fd_write), std::unexpected(Errno::rofs)) << "inherited";
  EXPECT_EQ(read("file"), "contents");
  EXPECT_FALSE(exists("new"));
}

}  // namespace
}  // namespace twine::wasi

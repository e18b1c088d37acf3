// Files read and written as a whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "host/files/files.h"
#include "host/files/user_directories.h"

namespace twine::host {
namespace {

using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/twine-files-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~Files() override { std::filesystem::remove_all(directory_); }

  static std::vector<uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  std::filesystem::path directory_;
};

TEST_F(Files, AreReadBackAsWritten) {
  const auto path = directory_ / "file";
  const std::vector<uint8_t> large(100'000, 0x5a);
  ASSERT_TRUE(write_file(path, large));
  EXPECT_EQ(read_file(path, 1 << 20).value(), large);
  ASSERT_TRUE(write_file(path, {}));
  EXPECT_TRUE(read_file(path, 1 << 20)->empty());
  EXPECT_EQ(entries(), 1) << "nothing else is left in the directory";
}

TEST_F(Files, KeepTheUmaskAndTheModeAskedFor) {
  const mode_t mask = ::umask(022);
  ASSERT_TRUE(write_file(directory_ / "public", bytes("x")));
  ASSERT_TRUE(write_file(directory_ / "private", bytes("x"), 0600));
  ::umask(mask);
  struct stat status{};
  ::stat((directory_ / "public").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0644);
  ::stat((directory_ / "private").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST_F(Files, ThatAreTooLargeAreRefusedUnread) {
  const auto path = directory_ / "huge";
  std::ofstream(path).put('x');
  std::filesystem::resize_file(path, uint64_t{1} << 40);  // sparse
  const auto result = read_file(path, 1 << 20);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::limit);
}

TEST_F(Files, WithoutAnEndAreRefusedAtTheLimit) {
  const auto path = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::jthread writer([&] {
    std::ofstream pipe(path);
    for (int i = 0; i < 10'000 && pipe; ++i) pipe << std::string(100, 'x') << std::flush;
  });
  ::signal(SIGPIPE, SIG_IGN);
  const auto result = read_file(path, 1000);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::limit);
}

TEST_F(Files, ErrorsNameThePathAndTheFault) {
  EXPECT_THAT(read_file(directory_ / "none", 10).error().message, HasSubstr("none: no such file"));
  EXPECT_THAT(read_file(directory_, 10).error().message, HasSubstr("is a directory"));
  EXPECT_THAT(read_file("/dev/zero", 10).error().message, HasSubstr("neither a file nor a pipe"));
  EXPECT_THAT(write_file(directory_, bytes("x")).error().message, HasSubstr("is a directory"));
  EXPECT_THAT(write_file(directory_ / "no" / "such", bytes("x")).error().message,
              HasSubstr("no such file or directory"));
}

TEST_F(Files, OnAFullDiskLeaveNothingBehind) {
  const auto result = write_file("/dev/full", bytes("x"));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("no space left"));
}

TEST_F(Files, AreLeftAsTheyWereWhenTheNewOneCannotBeWritten) {
  const auto path = directory_ / "file";
  ASSERT_TRUE(write_file(path, bytes("old")));
  // The new contents are refused half-way, as on a full disk.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit limited = before;
  limited.rlim_cur = 1000;
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limited);
  const auto result = write_file(path, std::vector<uint8_t>(5000, 'n'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(result);
  EXPECT_EQ(read_file(path, 10).value(), bytes("old"));
  EXPECT_EQ(entries(), 1) << "and nothing is left of the new one";
}

TEST_F(Files, ThatAreThereAreNotReplacedByCreateFile) {
  const auto path = directory_ / "file";
  EXPECT_TRUE(create_file(path, bytes("first"), 0600).value());
  EXPECT_FALSE(create_file(path, bytes("second"), 0600).value());
  EXPECT_EQ(read_file(path, 10).value(), bytes("first"));
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, InPrivateDirectoriesAreTheUsersOwn) {
  const auto path = directory_ / "a" / "b";
  ASSERT_TRUE(create_private_directory(path));
  ASSERT_TRUE(create_private_directory(path)) << "it may be there already";
  struct stat status{};
  ::stat(path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0700);
  ASSERT_TRUE(write_file(directory_ / "file", bytes("x")));
  EXPECT_FALSE(create_private_directory(directory_ / "file" / "below"));
}

TEST(UserDirectories, FollowTheXdgVariablesUnlessTheyAreRelative) {
  ::setenv("XDG_CONFIG_HOME", "/somewhere", 1);
  EXPECT_EQ(configuration_directory().value(), "/somewhere/twine");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  ::setenv("HOME", "/home/ada", 1);
  EXPECT_EQ(configuration_directory().value(), "/home/ada/.config/twine");
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(cache_directory().value(), "/home/ada/.cache/twine");
}

}  // namespace
}  // namespace twine::host

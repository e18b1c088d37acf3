// The host process's sandbox, tried from inside: each attempt runs in a child that confines itself first.
#include "host/confine/confine.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "unit/temporary_directory.h"

namespace twine::host {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;

// How a child ended: its exit status, or 128 + the signal that killed it.
constexpr int kKilled = 128 + SIGSYS;
constexpr int kNotConfined = 100;

class ConfineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!probe_confinement().complete())
      GTEST_SKIP() << "this kernel lacks: " << probe_confinement().missing();
    std::ofstream(writable_.path() / "file") << "hello";
    std::ofstream(read_only_.path() / "file") << "hello";
    std::ofstream(outside_.path() / "secret") << "secret";
    symlink((outside_.path() / "secret").c_str(), (writable_.path() / "link").c_str());
  }

  // Runs `attempt` in a confined child. It returns 0 for success, or an errno.
  int confined(const std::function<int()>& attempt) const {
    const pid_t child = fork();
    if (child == 0) {
      const auto confinement = confine_process({{.path = writable_.path().string(), .read_only = false},
                                                {.path = read_only_.path().string(), .read_only = true}});
      // _exit is exit_group, which is allowed.
      _exit(confinement && confinement->complete() ? attempt() : kNotConfined);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  static int try_open(const std::filesystem::path& path, int flags) {
    return open(path.c_str(), flags, 0600) >= 0 ? 0 : errno;
  }

  TemporaryDirectory writable_;
  TemporaryDirectory read_only_;
  TemporaryDirectory outside_;
};

TEST_F(ConfineTest, FilesOfAMountCanBeReadAndWritten) {
  EXPECT_EQ(confined([&] { return try_open(writable_.path() / "file", O_RDWR); }), 0);
  EXPECT_EQ(confined([&] { return try_open(writable_.path() / "new", O_RDWR | O_CREAT | O_EXCL); }), 0);
  EXPECT_EQ(confined([&] { return mkdirat(AT_FDCWD, (writable_.path() / "d").c_str(), 0700) ? errno : 0; }),
            0);
  EXPECT_EQ(confined([&] { return try_open(writable_.path() / "file", O_WRONLY | O_TRUNC); }), 0);
}

TEST_F(ConfineTest, FilesMoveBetweenDirectoriesOfAMount) {
  std::filesystem::create_directory(writable_.path() / "a");
  std::filesystem::create_directory(writable_.path() / "b");
  std::ofstream(writable_.path() / "a" / "x") << "x";
  EXPECT_EQ(confined([&] {
              return renameat(AT_FDCWD, (writable_.path() / "a" / "x").c_str(), AT_FDCWD,
                              (writable_.path() / "b" / "x").c_str()) != 0
                         ? errno
                         : 0;
            }),
            0);
}

TEST_F(ConfineTest, AReadOnlyMountIsReadAndNotChanged) {
  EXPECT_EQ(confined([&] { return try_open(read_only_.path() / "file", O_RDONLY); }), 0);
  EXPECT_EQ(confined([&] { return try_open(read_only_.path() / "file", O_WRONLY); }), EACCES);
  EXPECT_EQ(confined([&] { return try_open(read_only_.path() / "new", O_WRONLY | O_CREAT); }), EACCES);
  EXPECT_EQ(confined([&] { return unlinkat(AT_FDCWD, (read_only_.path() / "file").c_str(), 0) ? errno : 0; }),
            EACCES);
}

TEST_F(ConfineTest, NothingOutsideTheMountsIsOpened) {
  EXPECT_EQ(confined([&] { return try_open(outside_.path() / "secret", O_RDONLY); }), EACCES);
  EXPECT_EQ(confined([&] { return try_open(outside_.path() / "new", O_WRONLY | O_CREAT); }), EACCES);
  EXPECT_EQ(confined([&] { return try_open("/etc/passwd", O_RDONLY); }), EACCES);
  EXPECT_EQ(confined([&] { return try_open("/proc/self/mem", O_RDWR); }), EACCES);
}

TEST_F(ConfineTest, ASymbolicLinkOutOfAMountLeadsNowhere) {
  EXPECT_EQ(confined([&] { return try_open(writable_.path() / "link", O_RDONLY); }), EACCES);
}

TEST_F(ConfineTest, AFileIsNeitherLinkedNorMovedOutOfAMount) {
  EXPECT_NE(confined([&] {
              return linkat(AT_FDCWD, (writable_.path() / "file").c_str(), AT_FDCWD,
                            (outside_.path() / "file").c_str(), 0) != 0
                         ? errno
                         : 0;
            }),
            0);
  EXPECT_FALSE(std::filesystem::exists(outside_.path() / "file"));
}

TEST_F(ConfineTest, NoProgramIsStarted) {
  EXPECT_EQ(confined([&] {
              char name[] = "true";
              char* arguments[] = {name, nullptr};
              execv("/bin/true", arguments);
              return errno;
            }),
            kKilled);
  EXPECT_NE(confined([] { return fork() >= 0 ? 0 : errno; }), 0);
}

TEST_F(ConfineTest, NoSocketIsMade) {
  EXPECT_EQ(confined([] { return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno; }), kKilled);
}

TEST_F(ConfineTest, NoOtherProcessIsTouched) {
  const pid_t parent = getpid();
  EXPECT_EQ(confined([&] { return kill(parent, 0) == 0 ? 0 : errno; }), EPERM);
  EXPECT_EQ(confined([&] { return ptrace(PTRACE_ATTACH, parent, nullptr, nullptr) == 0 ? 0 : errno; }),
            kKilled);
}

TEST_F(ConfineTest, UnlistedSystemCallsAreRefused) {
  EXPECT_EQ(confined([] { return syscall(SYS_personality, 0xffffffff) == -1 ? errno : 0; }), EPERM);
  EXPECT_EQ(confined([] { return syscall(SYS_chmod, "/", 0700) == -1 ? errno : 0; }), EPERM);
}

TEST_F(ConfineTest, NoCoreIsDumpedAndNoPrivilegeGained) {
  EXPECT_EQ(confined([] {
              rlimit limit{};
              return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : 1;
            }),
            0);
}

TEST_F(ConfineTest, ThreadsTimersAndMemoryStillWork) {
  EXPECT_EQ(confined([] {
              int value = 0;
              std::thread([&] { value = 7; }).join();
              return value == 7 ? 0 : 1;
            }),
            0);
  EXPECT_EQ(confined([] {
              void* const memory =
                  mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return memory != MAP_FAILED && mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
            }),
            0);
}

TEST_F(ConfineTest, AProcessWithOtherThreadsIsRefused) {
  const pid_t child = fork();
  if (child == 0) {
    std::thread other([] { pause(); });
    other.detach();
    const auto confinement = confine_process({});
    _exit(!confinement && confinement.error().code == ErrorCode::invalid_argument ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ConfineTest, AMissingDirectoryIsNamed) {
  const pid_t child = fork();
  if (child == 0) {
    const auto confinement = confine_process({{.path = "/no/such/place", .read_only = true}});
    _exit(!confinement && confinement.error().message.find("/no/such/place") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Confinement, WordsFollowWhatIsInForce) {
  Confinement confinement;
  EXPECT_EQ(confinement.in_force(), "nothing");
  EXPECT_THAT(confinement.missing(), HasSubstr("Landlock of Linux 5.19"));
  confinement.landlock_abi = 2;
  EXPECT_EQ(confinement.in_force(), "files");
  confinement = {.no_new_privileges = true, .no_core_dump = true, .landlock_abi = 6, .system_calls = true};
  EXPECT_EQ(confinement.missing(), "");
  EXPECT_TRUE(confinement.complete());
}

}  // namespace
}  // namespace twine::host

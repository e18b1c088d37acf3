// Calls without an exit, both halves together: the enclave's door on one thread, ExitlessServer on another.

#include "host/services/exitless.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "enclave/hostcall/hostcalls.h"
#include "host/services/system.h"
#include "unit/in_process_platform.h"

namespace twine {
namespace {

using hostcall::kFirstMount;
using testing::host_attack_in;
using testing::host_calls_made;
using testing::set_host;
using testing::test_arena;
using testing::test_arena_header;
using wasi::Errno;

// A directory that is the guest's, and services that lend it.
class CallWithoutExit : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    ASSERT_EQ(pipe(pipe_), 0);
    host::ServicesConfig config;
    config.mounts = {{.host_path = directory_, .read_only = false}};
    config.standard_input = pipe_[0];
    auto services = host::Services::create(std::move(config));
    ASSERT_TRUE(services.has_value()) << services.error().message;
    services_ = std::move(*services);
    std::memset(test_arena().data(), 0, sizeof(ArenaHeader));
  }
  void TearDown() override {
    server_.reset();
    services_.reset();
    close(pipe_[0]);
    close(pipe_[1]);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void serve(host::ExitlessChoice choice) {
    server_ = std::make_unique<host::ExitlessServer>(*services_, test_arena(), choice);
    set_host([this] {
      ++exits_;
      server_->serve_exit();
    });
  }

  // Opens, writes `text` to, and closes a new file; its handle.
  void write_file(const std::string& name, std::string_view text) {
    wasi::Filestat stat{};
    const auto file = hostcall::file_open(kFirstMount, name, wasi::oflags::creat | wasi::oflags::trunc, 0,
                                          hostcall::kOpenRead | hostcall::kOpenWrite, stat);
    ASSERT_TRUE(file.has_value()) << static_cast<int>(file.error());
    const hostcall::Gather data(hostcall::as_bytes(text));
    EXPECT_EQ(hostcall::file_write(*file, 0, data), text.size());
    EXPECT_TRUE(hostcall::file_close(*file).has_value());
  }

  uint64_t size_of(const std::string& name) {
    wasi::Filestat stat{};
    const auto found = hostcall::file_stat(kFirstMount, name, 1, stat);
    return found ? stat.size : ~uint64_t{0};
  }

  std::string directory_ = "/tmp/twine-test-exitless-XXXXXX";
  int pipe_[2] = {-1, -1};
  uint64_t exits_ = 0;
  std::unique_ptr<host::Services> services_;
  std::unique_ptr<host::ExitlessServer> server_;
};

TEST_F(CallWithoutExit, IsNotMadeWhereItIsOff) {
  serve(host::ExitlessChoice::off);
  for (int i = 0; i < 100; ++i) write_file("a", "text");
  EXPECT_EQ(exits_, 300u);
  EXPECT_EQ(server_->served(), 0u);
  EXPECT_EQ(services_->calls_served(), 300u);
}

TEST_F(CallWithoutExit, GivesTheSameReplies) {
  serve(host::ExitlessChoice::on);
  for (uint64_t size = 0; size < 2000; ++size) {
    write_file("file", std::string(size, 'x'));
    EXPECT_EQ(size_of("file"), size);
  }
  EXPECT_EQ(size_of("other"), ~uint64_t{0});
}

// A second close of the same number would fail, or close another file.
TEST_F(CallWithoutExit, IsServedOnceHoweverLateTheServerIs) {
  serve(host::ExitlessChoice::on);
  // On one processor every submission meets a server that is not running.
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  for (int i = 0; i < 3000; ++i) write_file("file", "once");
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(services_->calls_served(), 9000u);
}

TEST_F(CallWithoutExit, IsServedOnceWhenBothThreadsRun) {
  serve(host::ExitlessChoice::on);
  for (int i = 0; i < 5000; ++i) write_file("file", "once");
  EXPECT_EQ(services_->calls_served(), 15000u);
  EXPECT_GE(server_->served() + exits_, 15000u) << "a call was served by nobody";
}

TEST_F(CallWithoutExit, HappensOnceTheServerIsAwake) {
  if (host::usable_processors() < 2) GTEST_SKIP() << "one processor";
  serve(host::ExitlessChoice::on);
  for (int i = 0; i < 20000 && server_->served() == 0; ++i) EXPECT_NE(size_of("."), ~uint64_t{0});
  EXPECT_GT(server_->served(), 0u);
}

TEST_F(CallWithoutExit, LeavesForALongCall) {
  serve(host::ExitlessChoice::on);
  while (test_arena_header().served == 0) size_of(".");
  std::thread writer([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(write(pipe_[1], "late", 4), 4);
  });
  std::array<std::byte, 8> data{};
  EXPECT_EQ(hostcall::file_read(hostcall::kStdin, hostcall::kStreamPosition, hostcall::Scatter(data)), 4u);
  writer.join();
  EXPECT_EQ(std::memcmp(data.data(), "late", 4), 0);
}

TEST_F(CallWithoutExit, IsBrokenOffWhenTheTimeIsOver) {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  struct sigaction before{};
  ASSERT_EQ(sigaction(host::deadline_signal(), &action, &before), 0);
  serve(host::ExitlessChoice::on);
  while (test_arena_header().served == 0) size_of(".");
  // As the launch's timer does: rings until the thread is back.
  volatile std::sig_atomic_t* const deadline = &host::deadline_has_passed;
  std::atomic<bool> is_back = false;
  std::thread clock([deadline, &is_back, caller = pthread_self()] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    *deadline = 1;
    while (!is_back) {
      pthread_kill(caller, host::deadline_signal());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::array<std::byte, 8> data{};
  const auto read = hostcall::file_read(hostcall::kStdin, hostcall::kStreamPosition, hostcall::Scatter(data));
  is_back = true;
  clock.join();
  host::deadline_has_passed = 0;
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error(), Errno::intr);
  server_.reset();
  ASSERT_EQ(sigaction(host::deadline_signal(), &before, nullptr), 0);
}

// ---------------------------------------------------------------- a host that lies with the words of the header

TEST_F(CallWithoutExit, CostsOnlyTimeWhenNobodyServes) {
  test_arena_header().served = 1;
  set_host([this] {
    ++exits_;
    services_->serve(test_arena());
  });
  EXPECT_NE(size_of("."), ~uint64_t{0});
  EXPECT_EQ(exits_, 1u);
}

TEST_F(CallWithoutExit, IsJudgedAsAnyReplyWhenItsCompletionCameTooEarly) {
  // A thread of the host says at once that every call is done; the result is what it wants.
  std::atomic<bool> ending = false;
  test_arena_header().served = 1;
  test_arena_header().result = 1;  // file_close gives 0
  std::thread liar([&ending] {
    std::atomic_ref completed(test_arena_header().completed);
    std::atomic_ref submission(test_arena_header().submission);
    while (!ending) completed = submission.load();
  });
  set_host([] { test_arena_header().result = 1; });
  const auto attack = host_attack_in([] { static_cast<void>(hostcall::file_close(5)); });
  ending = true;
  liar.join();
  EXPECT_EQ(attack, "file_close: result 1 is not between 0 and 0");
}

TEST_F(CallWithoutExit, IsNotMadeForWhatOnlyAnExitCanDo) {
  test_arena_header().served = 1;
  std::vector<SubmissionKind> kinds;
  set_host([&] {
    kinds.push_back(submission_kind(test_arena_header().submission));
    services_->serve(test_arena());
  });
  static_cast<void>(hostcall::yield());
  static_cast<void>(hostcall::pages_trim(0, 4096));
  std::vector<std::byte> large(uint64_t{1} << 20);
  static_cast<void>(hostcall::file_read(kFirstMount, 0, hostcall::Scatter(large)));
  EXPECT_EQ(kinds, std::vector(3, SubmissionKind::must_exit));
}

}  // namespace
}  // namespace twine

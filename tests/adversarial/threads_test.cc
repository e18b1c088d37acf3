// Many host threads in one enclave, each with a guest of its own, interrupted at any instruction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "twine/twine.hpp"
#include "unit/temporary_directory.h"

namespace twine {
namespace {

using ::testing::HasSubstr;

std::atomic<uint64_t> signals_seen = 0;
void count_signal(int /*signal*/) {
  signals_seen.fetch_add(1, std::memory_order_relaxed);
}

class SharedEnclaveTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // The compiler's key is made here, and the handlers stand before the emulator takes them over.
    static const testing::TemporaryDirectory configuration;
    ::setenv("XDG_CONFIG_HOME", configuration.path().c_str(), 1);
    struct sigaction action{};
    action.sa_handler = count_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    sigaction(SIGALRM, &action, nullptr);
  }

  void SetUp() override {
    api::CompileOptions options;
    options.set_cache(false);
    auto module = api::Module::read(TWINE_THREADS_GUEST, options);
    ASSERT_TRUE(module.has_value()) << module.error().message();
    module_.emplace(std::move(*module));
    auto image = api::Enclave::load(TWINE_ENCLAVE_IMAGE, TWINE_SGX_EMULATED);
    ASSERT_TRUE(image.has_value()) << image.error().message();
    image_.emplace(std::move(*image));
    auto shared = api::SharedEnclave::start(*image_);
    ASSERT_TRUE(shared.has_value()) << shared.error().message();
    shared_.emplace(std::move(*shared));
  }

  // What the export says, in an enclave shared with others or alone in one: its values, its trap, or the error.
  template <typename Place>
  std::string invoke(const Place& place, const std::string& function,
                     const std::vector<std::string>& arguments) {
    api::Launch launch(*module_);
    launch.add_argument("guest");
    for (const std::string& argument : arguments) launch.add_argument(argument);
    launch.set_invoke(function);
    const auto result = launch.run(place);
    if (!result) return std::string("error: ") + result.error().message();
    return result->trapped() ? std::string("trap: ") + result->trap() : result->values();
  }

  std::string work(uint32_t seed) { return invoke(*shared_, "work", {std::to_string(seed)}); }

  // What `work` yields for seeds 1 to `count`, each alone in an enclave of its own.
  std::map<uint32_t, std::string> expected(uint32_t count) {
    std::map<uint32_t, std::string> values;
    for (uint32_t seed = 1; seed <= count; ++seed)
      values[seed] = invoke(*image_, "work", {std::to_string(seed)});
    return values;
  }

  // Runs `body(number)` on `count` threads at once.
  template <typename Body>
  static void at_once(uint32_t count, Body body) {
    std::vector<std::jthread> threads;
    for (uint32_t number = 1; number <= count; ++number)
      threads.emplace_back([&body, number] { body(number); });
  }

  std::optional<api::Module> module_;
  std::optional<api::Enclave> image_;
  std::optional<api::SharedEnclave> shared_;
};

TEST_F(SharedEnclaveTest, ThreadsOfOneEnclaveGetTheResultsTheyWouldGetAlone) {
  constexpr uint32_t kThreads = 8;
  const auto right = expected(kThreads);
  ASSERT_NE(right.at(1), right.at(2));
  at_once(kThreads, [&](uint32_t seed) {
    for (int round = 0; round < 3; ++round) EXPECT_EQ(work(seed), right.at(seed)) << "round " << round;
  });
}

TEST_F(SharedEnclaveTest, MoreLaunchesThanThreadsWaitForOne) {
  constexpr uint32_t kLaunches = 24;
  const std::string right = invoke(*image_, "work", {"5"});
  at_once(kLaunches, [&](uint32_t /*number*/) { EXPECT_EQ(work(5), right); });
}

TEST_F(SharedEnclaveTest, AThreadIsUsedAgainAfterItsGuestEndedOrTrapped) {
  const std::string right = invoke(*image_, "work", {"7"});
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(invoke(*shared_, "trap", {}), "trap: call stack exhausted");
    EXPECT_EQ(invoke(*shared_, "beyond", {}), "trap: out of bounds memory access");
    EXPECT_EQ(work(7), right);
  }
}

TEST_F(SharedEnclaveTest, TrapsOfSomeGuestsAreNotTheOthersBusiness) {
  const auto right = expected(4);
  at_once(12, [&](uint32_t number) {
    for (int round = 0; round < 3; ++round) {
      if (number <= 4) {
        EXPECT_EQ(work(number), right.at(number));
      } else if (number <= 8) {
        EXPECT_EQ(invoke(*shared_, "trap", {}), "trap: call stack exhausted");
      } else {
        EXPECT_EQ(invoke(*shared_, "beyond", {}), "trap: out of bounds memory access");
      }
    }
  });
}

TEST_F(SharedEnclaveTest, SignalsAtAnyInstructionChangeNothing) {
  constexpr uint32_t kThreads = 8;
  const auto right = expected(kThreads);
  std::vector<std::atomic<pid_t>> ids(kThreads + 1);
  std::atomic<bool> over = false;
  signals_seen = 0;
  const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 300},
                        .it_value = {.tv_sec = 0, .tv_usec = 300}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  {
    std::jthread stranger([&] {
      std::mt19937 random(1);
      while (!over) {
        const pid_t thread = ids[1 + random() % kThreads];
        if (thread != 0) syscall(SYS_tgkill, getpid(), thread, SIGUSR1);
        std::this_thread::sleep_for(std::chrono::microseconds(20 + random() % 180));
      }
    });
    at_once(kThreads, [&](uint32_t seed) {
      ids[seed] = gettid();
      for (int round = 0; round < 3; ++round) EXPECT_EQ(work(seed), right.at(seed)) << "round " << round;
      ids[seed] = 0;
    });
    over = true;
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  EXPECT_GT(signals_seen, 100U);
}

TEST_F(SharedEnclaveTest, RefusesALaunchThatConfinesTheProcess) {
  api::Launch launch(*module_);
  launch.set_confinement(TWINE_CONFINE_AUTO);
  const auto result = launch.run(*shared_);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), TWINE_ERROR_INVALID_ARGUMENT);
  EXPECT_THAT(result.error().message(), HasSubstr("cannot be confined"));
}

}  // namespace
}  // namespace twine

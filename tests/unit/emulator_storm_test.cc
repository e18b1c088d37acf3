#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "emulator_test_enclave.h"
#include "host/emulator/aex_storm.h"

namespace twine::host::emulator {
namespace {

class AexStormTest : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv("TWINE_AEX_STORM");
    unsetenv("TWINE_AEX_STORM_LOG");
  }
  static void set(const char* range) { setenv("TWINE_AEX_STORM", range, 1); }
};

TEST_F(AexStormTest, IsCalmUnlessTheEnvironmentAsksForAStorm) {
  const auto storm = AexStorm::from_environment();
  ASSERT_TRUE(storm.has_value());
  EXPECT_FALSE(storm->has_value());
}

TEST_F(AexStormTest, TakesItsRangeFromTheEnvironment) {
  set("20-200");
  const auto storm = AexStorm::from_environment();
  ASSERT_TRUE(storm.has_value() && storm->has_value());
  EXPECT_EQ((*storm)->low_us, 20U);
  EXPECT_EQ((*storm)->high_us, 200U);
  EXPECT_EQ((*storm)->log, -1);
}

TEST_F(AexStormTest, RefusesALogThatCannotBeWritten) {
  set("20-200");
  setenv("TWINE_AEX_STORM_LOG", "/nowhere/counts", 1);
  const auto storm = AexStorm::from_environment();
  ASSERT_FALSE(storm.has_value());
  EXPECT_NE(storm.error().message.find("/nowhere/counts"), std::string::npos);
}

TEST_F(AexStormTest, RefusesARangeThatIsNone) {
  for (const char* const range : {"0-5", "200-20", "-", "a-b", "20-200us", "20-2000000"}) {
    set(range);
    const auto storm = AexStorm::from_environment();
    ASSERT_FALSE(storm.has_value()) << range;
    EXPECT_NE(storm.error().message.find("TWINE_AEX_STORM"), std::string::npos);
  }
}

TEST_F(AexStormTest, InterruptsEveryThreadInsideAndChangesNothing) {
  set("20-100");
  const auto enclave = test::TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  std::atomic<uint8_t> flag{0};
  std::array<test::Exit, 2> exits;
  std::array<std::thread, 2> threads;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&, i] {
      const uint64_t tcs = i == 0 ? test::kTcs : test::kSecondTcs;
      exits[i] = enclave->enter(test::Do::spin, reinterpret_cast<uint64_t>(&flag), 0, 0, 0, tcs);
    });
  }
  while (enclave->driver().statistics().interrupts < 1000) std::this_thread::yield();
  flag = 1;
  for (std::thread& thread : threads) thread.join();
  for (const test::Exit& exit : exits) {
    EXPECT_EQ(exit.function, test::kEexit);
    EXPECT_EQ(exit.rsi, 0x5eedU) << "R15 survived";
    EXPECT_EQ(exit.rdx, 0x5eedU) << "XMM9 survived";
  }
  const host::sgx::DriverStatistics counts = enclave->driver().statistics();
  EXPECT_EQ(counts.asynchronous_exits, counts.resumes) << "each interrupt was resumed from";
  EXPECT_EQ(counts.exits, 2U);
}

}  // namespace
}  // namespace twine::host::emulator

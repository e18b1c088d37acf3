#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

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

}  // namespace
}  // namespace twine::host::emulator

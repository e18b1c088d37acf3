// Sizes, digests, statistics and traps as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/inspect.h"
#include "cli/statistics.h"
#include "host/launch/launcher.h"

namespace twine::cli {
namespace {

using ::testing::HasSubstr;

TEST(ParseSize, TakesBytesAndPowersOf1024) {
  EXPECT_EQ(parse_size("65536").value(), 65536);
  EXPECT_EQ(parse_size("64K").value(), 65536);
  EXPECT_EQ(parse_size("64k").value(), 65536);
  EXPECT_EQ(parse_size("512MiB").value(), uint64_t{512} << 20);
  EXPECT_EQ(parse_size("1.5G").value(), uint64_t{3} << 29);
  EXPECT_EQ(parse_size("1T").value(), uint64_t{1} << 40);
  EXPECT_EQ(parse_size("10B").value(), 10);
  EXPECT_EQ(parse_size("0").value(), 0);
}

TEST(ParseSize, RefusesWhatIsNoSize) {
  for (const char* text : {"", "M", "12X", "12MM", "-1", "1e300G", "nan", "inf", "12 M", "0x10"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(ParseDuration, TakesANumberAndItsUnit) {
  EXPECT_EQ(parse_duration("5").value(), 5'000'000'000);
  EXPECT_EQ(parse_duration("5s").value(), 5'000'000'000);
  EXPECT_EQ(parse_duration("1.5m").value(), 90'000'000'000);
  EXPECT_EQ(parse_duration("2h").value(), 7'200'000'000'000);
  EXPECT_EQ(parse_duration("250ms").value(), 250'000'000);
  EXPECT_EQ(parse_duration("20us").value(), 20'000);
  EXPECT_EQ(parse_duration("7ns").value(), 7);
}

TEST(ParseDuration, RefusesWhatIsNoTimeAndNoTimeAtAll) {
  for (const char* text : {"", "s", "5x", "5 s", "-1s", "0", "0.1ns", "nan", "inf", "1e30h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseWallTime, TakesTwoTimesOfUtc) {
  const auto range = parse_wall_time("1970-01-02..2026-06-30T12:00:01");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 86'400'000'000'000U);
  EXPECT_EQ(range->second, 1'782'820'801'000'000'000U);
}

TEST(ParseWallTime, RefusesWhatIsNoRangeAndOneThatEndsBeforeItBegins) {
  for (const char* text :
       {"", "..", "2026-01-01", "2026-01-01..", "2026-01-02..2026-01-01", "2026-13-01..2027-01-01",
        "2026-01-01..2026-01-02x", "1969-12-31..2026-01-01", "1..2"}) {
    EXPECT_FALSE(parse_wall_time(text)) << text;
  }
}

TEST(ParseDigest, TakesExactly64HexadecimalDigits) {
  const auto digest = parse_digest(std::string(62, '0') + "aF");
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->back(), 0xaf);
  EXPECT_FALSE(parse_digest(std::string(63, '0')));
  EXPECT_FALSE(parse_digest(std::string(65, '0')));
  EXPECT_FALSE(parse_digest(std::string(62, '0') + "+1"));
  EXPECT_FALSE(parse_digest(std::string(62, '0') + "0g"));
}

TEST(Grouped, PutsACommaBeforeEveryThirdDigit) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(Statistics, AsJsonHoldEveryMember) {
  twine_statistics statistics{};
  statistics.compile_ns = 7;
  statistics.asynchronous_exits = 3;
  statistics.exitless_calls = 5;
  statistics.emulated = true;
  const auto object = nlohmann::json::parse(statistics_json(statistics, "files"));
  EXPECT_EQ(object.size(), 22);
  EXPECT_EQ(object["compile_ns"], 7);
  EXPECT_EQ(object["asynchronous_exits"], 3);
  EXPECT_EQ(object["exitless_calls"], 5);
  EXPECT_EQ(object["emulated"], true);
}

TEST(Statistics, OfAnEmulatedEnclaveSayThatTheyAreNotHardwares) {
  twine_statistics statistics{};
  statistics.emulated = true;
  EXPECT_THAT(statistics_table(statistics, "files"), HasSubstr("says nothing about hardware"));
}

TrapReport deep_trap(size_t frames, uint32_t omitted) {
  TrapReport trap;
  trap.message = "call stack exhausted";
  trap.frames_omitted = omitted;
  for (size_t i = 0; i < frames; ++i) {
    BacktraceFrame frame;
    frame.module = "app.wasm";
    frame.function_name = "f" + std::to_string(i);
    frame.wasm_offset = 0x10 + i;
    trap.frames.push_back(frame);
  }
  return trap;
}

TEST(DescribeTrap, NamesTheTrapAndEveryFrame) {
  EXPECT_EQ(host::describe_trap(deep_trap(2, 0)),
            "trap: call stack exhausted\n"
            "    0: f0  app.wasm+0x10\n"
            "    1: f1  app.wasm+0x11\n");
}

TEST(DescribeTrap, ShowsTheGapWhereFramesWereLeftOutAndCountsOnBehindIt) {
  const std::string text = host::describe_trap(deep_trap(kInnermostFrames + 2, 1000));
  EXPECT_THAT(text, HasSubstr("   31: f31  app.wasm+0x2f\n       … 1000 frames …\n  1032: f32"));
}

}  // namespace
}  // namespace twine::cli

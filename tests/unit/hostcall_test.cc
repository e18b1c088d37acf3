// The enclave's half of the door against a host that lies: every call × every kind of lie, and the honest
// replies beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "enclave/hostcall/any_call.h"
#include "enclave/hostcall/clocks.h"
#include "enclave/hostcall/directory_entries.h"
#include "enclave/hostcall/handle.h"
#include "enclave/hostcall/steady_time.h"
#include "unit/hostcall_source.h"
#include "unit/in_process_platform.h"

namespace twine::hostcall {
namespace {

using testing::ArgumentSource;
using ::testing::HasSubstr;
using testing::host_attack_in;
using ::testing::Optional;
using testing::set_host;
using ::testing::StartsWith;
using testing::test_arena;
using testing::test_arena_header;
using wasi::Errno;

class EveryCall : public ::testing::TestWithParam<CallRow> {
 protected:
  // Makes the call with a host that answers `result`.
  std::optional<std::string> attack_when_answering(int64_t result) {
    set_host([result] { test_arena_header().result = result; });
    return host_attack_in([&] { errno_ = make_call(GetParam().call, source_); });
  }

  // The largest result the call admits, given its arguments.
  uint64_t largest_result() const {
    return GetParam().length_slot < 0 ? GetParam().high : ArgumentSource::kBufferSize;
  }

  ArgumentSource source_;
  Errno errno_ = Errno::success;
};

class CallWithABoundedResult : public EveryCall {};
class CallWithALowerBound : public EveryCall {};
class CallWithALength : public EveryCall {};

constexpr auto kMaxResult = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

template <typename Predicate>
auto rows_where(Predicate&& predicate) {
  std::vector<CallRow> rows;
  std::ranges::copy_if(kCalls, std::back_inserter(rows), predicate);
  return ::testing::ValuesIn(rows);
}

std::string name_of(const ::testing::TestParamInfo<CallRow>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(Hostcall, EveryCall, ::testing::ValuesIn(kCalls), name_of);
INSTANTIATE_TEST_SUITE_P(Hostcall, CallWithABoundedResult, rows_where([](const CallRow& row) {
                           return row.length_slot >= 0 || row.high < kMaxResult;
                         }),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Hostcall, CallWithALowerBound,
                         rows_where([](const CallRow& row) { return row.low != 0; }), name_of);
INSTANTIATE_TEST_SUITE_P(Hostcall, CallWithALength,
                         rows_where([](const CallRow& row) { return row.length_slot >= 0; }), name_of);

TEST_P(EveryCall, StagesItsNumberAndEndsWithTheErrnoTheHostAnswers) {
  uint64_t call = 0;
  set_host([&call] {
    call = test_arena_header().call;
    test_arena_header().result = -static_cast<int64_t>(Errno::io);
  });
  EXPECT_EQ(make_call(GetParam().call, source_), Errno::io);
  EXPECT_EQ(call, static_cast<uint64_t>(GetParam().call));
}

TEST_P(CallWithALength, KeepsItsDataInsideTheArena) {
  set_host([] {
    const ArenaHeader& header = test_arena_header();
    const uint64_t offset = header.args[GetParam().length_slot];
    const uint64_t size = header.args[GetParam().length_slot + 1];
    EXPECT_GE(offset, kArenaDataOffset);
    EXPECT_LE(offset + size, kArenaDataEnd);
    EXPECT_EQ(size, ArgumentSource::kBufferSize);
    test_arena_header().result = -static_cast<int64_t>(Errno::io);
  });
  make_call(GetParam().call, source_);
}

TEST_P(EveryCall, AcceptsEachErrnoOfItsSetAndNoOther) {
  for (uint16_t number = 1; number < 200; ++number) {
    const auto attack = attack_when_answering(-int64_t{number});
    if (GetParam().errnos.contains(number)) {
      EXPECT_EQ(attack, std::nullopt);
      EXPECT_EQ(static_cast<uint16_t>(errno_), number);
    } else {
      EXPECT_THAT(attack, Optional(StartsWith(std::string(GetParam().name) + ": errno "))) << number;
    }
  }
}

TEST_P(EveryCall, RefusesNegativeGarbage) {
  for (const int64_t garbage : {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min() + 1,
                                int64_t{-65536} - 8, int64_t{-4096}, -(int64_t{1} << 32) - 8}) {
    EXPECT_THAT(attack_when_answering(garbage), Optional(HasSubstr("errno"))) << garbage;
  }
}

TEST_P(CallWithABoundedResult, RefusesATooLargeOneAndTouchesNothing) {
  source_.scatter();  // sets the canaries also for calls that only send
  for (const uint64_t result : {largest_result() + 1, uint64_t{1} << 40, kMaxResult}) {
    EXPECT_THAT(attack_when_answering(static_cast<int64_t>(result)), Optional(HasSubstr("is not between")))
        << result;
    EXPECT_TRUE(source_.untouched_beyond(0));
  }
}

TEST_P(CallWithALowerBound, RefusesAResultBelowIt) {
  EXPECT_THAT(attack_when_answering(static_cast<int64_t>(GetParam().low - 1)),
              Optional(HasSubstr("is not between")));
}

TEST_P(CallWithALength, WritesNoByteBeyondWhatTheReplySays) {
  for (const uint64_t length : {0U, 1U, 7U, 8U, 9U, 99U, 100U}) {
    set_host([length] {
      std::memset(test_arena().data() + kArenaDataOffset, 0x11, 4096);
      // A struct beside the bytes must be one that can be true.
      for (const ReplyBuffer& reply : GetParam().replies) {
        if (reply.slot < 0 || reply.type == "bytes") continue;
        const auto slot = static_cast<size_t>(reply.slot);
        const auto& args = test_arena_header().args;
        std::memset(test_arena().data() + args[slot], 0, args[slot + 1]);
      }
      test_arena_header().result = static_cast<int64_t>(length);
    });
    source_.scatter();  // sets the canaries also for calls that only send
    EXPECT_EQ(make_call(GetParam().call, source_), Errno::success);
    EXPECT_TRUE(source_.untouched_beyond(length)) << length;
  }
}

TEST_P(EveryCall, NeverBelievesAnArgumentWordThatTheHostChanged) {
  // The host moves and enlarges the buffers in the header; the reply must still come from where the enclave
  // reserved it.
  set_host([] {
    std::memset(test_arena().data() + kArenaDataOffset, 0, 4096);
    for (uint64_t& argument : test_arena_header().args) argument = ~uint64_t{0};
    test_arena_header().result = static_cast<int64_t>(GetParam().low);
  });
  EXPECT_EQ(host_attack_in([&] { make_call(GetParam().call, source_); }), std::nullopt);
}

TEST_P(EveryCall, EndsInAReplyOrAnAttackWhileAnotherThreadChangesTheArena) {
  // Flips the result between a good one and lies, and scribbles over everything, while calls are collected.
  // If a word were read twice, a checked length would not be the one used, and ASan or the canaries would
  // tell.
  std::atomic<bool> stop = false;
  const auto good = static_cast<int64_t>(std::min<uint64_t>(largest_result(), ArgumentSource::kBufferSize));
  std::thread scribbler([&stop, good] {
    auto& result = reinterpret_cast<volatile int64_t&>(test_arena_header().result);
    while (!stop.load(std::memory_order_relaxed)) {
      result = good;
      result = int64_t{1} << 40;
      result = -static_cast<int64_t>(Errno::io);
      result = 8;
    }
  });
  set_host([] {});
  for (int round = 0; round < 2000; ++round) {
    source_.scatter();
    static_cast<void>(host_attack_in([&] { make_call(GetParam().call, source_); }));
    ASSERT_TRUE(source_.untouched_beyond(ArgumentSource::kBufferSize));
  }
  stop = true;
  scribbler.join();
}

// ---------------------------------------------------------------- single calls

TEST(Hostcall, ReadsWhatTheHostPutIntoTheBuffer) {
  set_host([] {
    const ArenaHeader& header = test_arena_header();
    EXPECT_EQ(header.args[0], 7U);
    EXPECT_EQ(header.args[1], 4096U);
    std::memcpy(test_arena().data() + header.args[2], "hello", 5);
    test_arena_header().result = 5;
  });
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(file_read(7, 4096, std::span<std::byte>(buffer)), 5U);
  EXPECT_EQ(std::memcmp(buffer.data(), "hello\0", 6), 0);
}

TEST(Hostcall, GathersAndScattersPiecesOfEveryLength) {
  std::vector<std::byte> sent(200);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i + 1);
  for (size_t first = 0; first <= 20; ++first) {
    for (size_t second = 0; second <= 20; ++second) {
      std::array<std::span<const std::byte>, 3> pieces = {std::span(sent).subspan(0, first),
                                                          std::span(sent).subspan(first, second),
                                                          std::span(sent).subspan(first + second, 11)};
      const size_t total = first + second + 11;
      std::vector<std::byte> seen;
      set_host([&seen] {
        const ArenaHeader& header = test_arena_header();
        const auto data = test_arena().subspan(header.args[2], header.args[3]);
        seen.assign(data.begin(), data.end());
        test_arena_header().result = static_cast<int64_t>(data.size());
      });
      ASSERT_EQ(file_write(1, 0, Gather(std::span<const std::span<const std::byte>>(pieces))), total);
      ASSERT_TRUE(std::ranges::equal(seen, std::span(sent).first(total)));

      std::vector<std::byte> received(total);
      std::array<std::span<std::byte>, 3> places = {std::span(received).subspan(0, first),
                                                    std::span(received).subspan(first, second),
                                                    std::span(received).subspan(first + second)};
      set_host([&sent, total] {
        std::memcpy(test_arena().data() + test_arena_header().args[2], sent.data(), total);
        test_arena_header().result = static_cast<int64_t>(total);
      });
      ASSERT_EQ(file_read(1, 0, Scatter(std::span<const std::span<std::byte>>(places))), total);
      ASSERT_TRUE(std::ranges::equal(received, std::span(sent).first(total)));
    }
  }
}

TEST(Hostcall, CutsATransferToWhatTheArenaHolds) {
  std::vector<std::byte> large(3 << 20);
  set_host([] {
    EXPECT_EQ(test_arena_header().args[3], kArenaDataSize);
    test_arena_header().result = static_cast<int64_t>(test_arena_header().args[3]);
  });
  EXPECT_EQ(file_write(1, 0, std::span<const std::byte>(large)), kArenaDataSize);
  EXPECT_EQ(file_read(1, 0, std::span<std::byte>(large)), kArenaDataSize);
}

TEST(Hostcall, RefusesAPathThatIsTooLongWithoutAskingTheHost) {
  set_host([] { FAIL() << "the host was asked"; });
  EXPECT_EQ(directory_create(3, std::string(kMaxPath + 1, 'a')), std::unexpected(Errno::nametoolong));
}

TEST(Hostcall, LeavesTheHostsWordsAloneAndUnusedArgumentsZero) {
  std::memset(test_arena().data(), 0xee, kArenaDataOffset);
  set_host([] {
    constexpr uint64_t unwritten = 0xeeeeeeeeeeeeeeee;
    for (const uint64_t word : test_arena_header().reserved) EXPECT_EQ(word, unwritten);
    EXPECT_EQ(test_arena_header().completed, unwritten);
    EXPECT_EQ(test_arena_header().served, unwritten);
    for (size_t i = 2; i < 8; ++i) EXPECT_EQ(test_arena_header().args[i], 0U);
    test_arena_header().result = 0;
  });
  EXPECT_TRUE(file_sync(1, 0).has_value());
}

TEST(Hostcall, RefusesAFileTypeThatDoesNotExist) {
  wasi::Filestat stat{};
  set_host([] {
    const ArenaHeader& header = test_arena_header();
    wasi::Filestat lie{};
    const uint8_t no_type = 8;
    std::memcpy(&lie.filetype, &no_type, sizeof no_type);
    std::memcpy(test_arena().data() + header.args[4], &lie, sizeof lie);
    test_arena_header().result = 0;
  });
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(file_stat(3, "x", 0, stat)); }),
              Optional(std::string("file_stat: file type 8 does not exist")));
}

TEST(Hostcall, RefusesMalformedPollEvents) {
  const std::array<PollInterest, 1> interests = {PollInterest{.handle = 0, .interest = kPollRead}};
  std::array<PollEvent, 1> events{};
  for (const PollEvent lie : {PollEvent{.ready = 16, .error = 0, .bytes = 0},
                              PollEvent{.ready = kPollError, .error = 0, .bytes = 0},
                              PollEvent{.ready = kPollError, .error = wasi::kErrnoCount, .bytes = 0},
                              PollEvent{.ready = kPollRead, .error = 8, .bytes = 0}}) {
    set_host([lie] {
      std::memcpy(test_arena().data() + test_arena_header().args[3], &lie, sizeof lie);
      test_arena_header().result = 1;
    });
    EXPECT_THAT(host_attack_in([&] { static_cast<void>(poll(interests, 0, events)); }),
                Optional(StartsWith("poll: ")));
  }
}

// ---------------------------------------------------------------- clocks

// Ticks and nanoseconds as they are told: no real counter, so each bound is met exactly.

TEST(SteadyTime, FollowsAClockThatKeepsItsPace) {
  SteadyTime time;
  EXPECT_EQ(time.admit(5'000, 100, 110), 5'000U);
  EXPECT_EQ(time.admit(5'400, 1'100, 1'110), 5'400U);  // 2.5 ticks a nanosecond
  EXPECT_EQ(time.admit(5'800, 2'100, 2'110), 5'800U);
}

TEST(SteadyTime, NeverRunsBackwards) {
  SteadyTime time;
  EXPECT_EQ(time.admit(5'000, 100, 110), 5'000U);
  EXPECT_EQ(time.admit(5'900, 1'100, 1'110), 5'900U);
  EXPECT_EQ(time.admit(0, 1'110, 1'120), 5'900U);
  EXPECT_EQ(time.admit(5'899, 1'120, 1'130), 5'900U);
}

TEST(SteadyTime, NeverRunsFasterThanANanosecondATick) {
  SteadyTime time;
  EXPECT_EQ(time.admit(5'000, 100, 110), 5'000U);
  EXPECT_EQ(time.admit(~uint64_t{0} >> 1, 1'000, 1'100), 6'000U);
  EXPECT_EQ(time.admit(6'500, 1'100, 1'700), 6'500U)
      << "the truth is taken again as soon as it is not behind";
}

TEST(SteadyTime, DoesNotStandStill) {
  SteadyTime time;
  EXPECT_EQ(time.admit(5'000, 0, 0), 5'000U);
  EXPECT_EQ(time.admit(5'000, 500, 500), 5'000U + 500 / kFastestTicksPerNanosecond);
  EXPECT_EQ(time.admit(0, 10'000, 10'000), 5'000U + 10'000 / kFastestTicksPerNanosecond);
}

TEST(SteadyTime, HasRoomToRunHoweverLateItBegins) {
  SteadyTime time;
  const uint64_t start = time.admit(~uint64_t{0} >> 1, 0, 0);
  EXPECT_EQ(start, kLatestStart);
  EXPECT_EQ(time.admit(0, 10'000, 10'000), start + 10'000 / kFastestTicksPerNanosecond);
}

TEST(SteadyTime, GoesOnWhenTheCounterIsSetBack) {
  SteadyTime time;
  EXPECT_EQ(time.admit(5'000, 1'000, 1'010), 5'000U);
  EXPECT_EQ(time.admit(5'400, 2'000, 2'010), 5'400U);
  EXPECT_EQ(time.admit(9'999, 10, 20), 5'400U);
  EXPECT_EQ(time.admit(5'500, 310, 320), 5'500U);
}

TEST(Clocks, MonotonicTimeIsHeldByTheCounterWhateverTheHostSays) {
  const auto host_says = [](int64_t time) { set_host([time] { test_arena_header().result = time; }); };
  host_says(5'000'000'000);
  const uint64_t before = ticks();
  uint64_t last = read_clock(wasi::Clock::monotonic).value();
  const uint64_t first = last;
  for (const int64_t lie : {int64_t{0}, std::numeric_limits<int64_t>::max(), int64_t{1}, int64_t{1} << 62}) {
    host_says(lie);
    const uint64_t now = read_clock(wasi::Clock::monotonic).value();
    EXPECT_GE(now, last);
    EXPECT_LE(now - first, ticks() - before);
    last = now;
  }
  host_says(1);
  EXPECT_EQ(read_clock(wasi::Clock::realtime), 1U) << "the realtime clock may be set back";
}

TEST(Clocks, MonotonicTimeNeverRunsBackwardsBetweenThreads) {
  SteadyTime time;
  std::atomic<uint64_t> published = 0;
  std::atomic<bool> backwards = false;
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 20'000; ++i) {
        const uint64_t floor = published.load();
        const uint64_t start = ticks();
        const uint64_t now = time.admit(random() >> random() % 64, start, ticks());
        if (now < floor) backwards = true;
        uint64_t seen = published.load();
        while (seen < now && !published.compare_exchange_weak(seen, now)) {
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(backwards);
}

TEST(Clocks, WallTimeBeyondTheBoundsIsAnAttack) {
  int64_t said = 0;
  set_host([&said] { test_arena_header().result = said; });
  const WallTimeBounds bounds(1'000, 2'000);
  for (const int64_t good : {1'000, 1'500, 2'000}) {
    said = good;
    EXPECT_EQ(read_clock(wasi::Clock::realtime), static_cast<uint64_t>(good));
  }
  for (const int64_t bad : {int64_t{0}, int64_t{999}, int64_t{2'001}, std::numeric_limits<int64_t>::max()}) {
    said = bad;
    EXPECT_THAT(
        host_attack_in([] { static_cast<void>(read_clock(wasi::Clock::realtime)); }),
        Optional(std::string("clock_time: the wall time is not within the launch manifest's bounds")));
  }
}

// ---------------------------------------------------------------- handles

void host_opens(Handle handle) {
  set_host([handle] {
    ArenaHeader& header = test_arena_header();
    if (header.call == static_cast<uint64_t>(Call::file_open)) {
      std::memset(test_arena().data() + header.args[6], 0, sizeof(wasi::Filestat));
      header.result = handle;
    } else {
      header.result = 0;
    }
  });
}

TEST(OwnedHandle, IsRefusedIfItIsOpenAlready) {
  const HandleLedger ledger;
  wasi::Filestat stat{};
  host_opens(77);
  {
    const auto first = OwnedHandle::open(3, "a", 0, 0, 0, stat);
    ASSERT_TRUE(first.has_value());
    EXPECT_THAT(host_attack_in([&] { static_cast<void>(OwnedHandle::open(3, "b", 0, 0, 0, stat)); }),
                Optional(std::string("file_open: the handle is open already")));
  }
  EXPECT_TRUE(OwnedHandle::open(3, "a", 0, 0, 0, stat).has_value()) << "it was closed in between";
}

TEST(OwnedHandle, IsRefusedIfItIsOneOfTheStandardStreams) {
  const HandleLedger ledger;
  wasi::Filestat stat{};
  host_opens(kStdout);
  EXPECT_THAT(host_attack_in([&] { static_cast<void>(OwnedHandle::open(3, "b", 0, 0, 0, stat)); }),
              Optional(HasSubstr("open already")));
}

TEST(OwnedHandle, ClosesOnceAtTheEndOfItsLife) {
  const HandleLedger ledger;
  wasi::Filestat stat{};
  host_opens(78);
  const uint64_t before = testing::host_calls_made();
  {
    auto handle = OwnedHandle::open(3, "a", 0, 0, 0, stat);
    ASSERT_TRUE(handle.has_value());
    const OwnedHandle moved = std::move(*handle);
    EXPECT_EQ(moved.get(), 78U);
  }
  EXPECT_EQ(testing::host_calls_made() - before, 2U);
}

// ---------------------------------------------------------------- directory entries

std::vector<std::byte> entry_bytes(uint32_t name_length, uint32_t filetype, std::string_view name) {
  const DirectoryEntry entry{.next_cookie = 1, .inode = 2, .name_length = name_length, .filetype = filetype};
  std::vector<std::byte> bytes(sizeof entry + name.size());
  std::memcpy(bytes.data(), &entry, sizeof entry);
  std::memcpy(bytes.data() + sizeof entry, name.data(), name.size());
  return bytes;
}

TEST(DirectoryEntries, AreTakenOneByOne) {
  auto bytes = entry_bytes(3, 4, "abc");
  const auto second = entry_bytes(1, 3, "d");
  bytes.insert(bytes.end(), second.begin(), second.end());
  std::span<const std::byte> rest = bytes;
  EXPECT_EQ(take_directory_entry(rest).name, "abc");
  EXPECT_EQ(take_directory_entry(rest).name, "d");
  EXPECT_TRUE(rest.empty());
}

TEST(DirectoryEntries, ThatCannotBeTrueEndTheEnclave) {
  const std::string long_name(256, 'n');
  for (const auto& bytes :
       {entry_bytes(0, 4, ""), entry_bytes(256, 4, long_name), entry_bytes(4, 4, "abc"),
        entry_bytes(1, 8, "a"), entry_bytes(3, 4, "a/b"), entry_bytes(3, 4, std::string_view("a\0b", 3)),
        entry_bytes(~0U, 4, "a"), std::vector<std::byte>(sizeof(DirectoryEntry) - 1)}) {
    EXPECT_THAT(host_attack_in([&] {
                  std::span<const std::byte> rest = bytes;
                  take_directory_entry(rest);
                }),
                Optional(StartsWith("directory_read: ")));
  }
}

}  // namespace
}  // namespace twine::hostcall

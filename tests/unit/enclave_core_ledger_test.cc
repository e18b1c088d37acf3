#include "enclave/memory/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace twine::enclave {
namespace {

constexpr uint64_t kBase = uint64_t{1} << 40;
constexpr uint64_t kImageSize = 40 * kPageSize;
constexpr uint64_t kFirstThread = kBase + threads_offset(kImage, kImageSize);

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { ledger_.open(kBase, kImageSize); }

  Verdict verdict(uint64_t address) const { return ledger_.judge(address, kFirstThread).verdict; }

  // As the #PF path does.
  Judgement touch(uint64_t address) {
    const Judgement judgement = ledger_.judge(address, kFirstThread);
    if (judgement.verdict == Verdict::accept) ledger_.note_accepted(judgement.first_address, judgement.pages);
    return judgement;
  }

  uint64_t open_slot(uint64_t size) {
    const uint64_t slot = ledger_.reserve_slot().value();
    EXPECT_TRUE(ledger_.prepare_slot(slot, size));
    ledger_.set_slot_size(slot, size);
    return slot;
  }

  PageLedger ledger_;
};

TEST_F(LedgerTest, ForbidsEverythingOutsideTheEnclave) {
  EXPECT_EQ(verdict(0), Verdict::forbidden);
  EXPECT_EQ(verdict(kBase - 1), Verdict::forbidden);
  EXPECT_EQ(verdict(kBase + kImage.elrange_size), Verdict::forbidden);
  EXPECT_EQ(verdict(~uint64_t{0}), Verdict::forbidden);
}

TEST_F(LedgerTest, FindsTheImageInOrderAndNothingBehindIt) {
  EXPECT_EQ(verdict(kBase), Verdict::in_order);
  EXPECT_EQ(verdict(kBase + kImageSize - 1), Verdict::in_order);
  EXPECT_EQ(verdict(kBase + kImageSize), Verdict::forbidden);
}

TEST_F(LedgerTest, AcceptsAPageOfAMemoryOnceAndThenFindsItInOrder) {
  const uint64_t slot = open_slot(64 * kPageSize);
  EXPECT_EQ(touch(slot).verdict, Verdict::accept);
  EXPECT_EQ(touch(slot).verdict, Verdict::in_order);
}

TEST_F(LedgerTest, RefusesToNoteAPageTwice) {
  const uint64_t slot = open_slot(64 * kPageSize);
  ledger_.note_accepted(slot, 2);
  EXPECT_DEATH(ledger_.note_accepted(slot + kPageSize, 1), "twice");
}

TEST_F(LedgerTest, EndsAMemoryAtItsSizeToTheByte) {
  const uint64_t slot = open_slot(kPageSize * 16);
  EXPECT_EQ(verdict(slot + kPageSize * 16 - 1), Verdict::accept);
  EXPECT_EQ(verdict(slot + kPageSize * 16), Verdict::beyond_memory);
  EXPECT_EQ(verdict(slot + kMemorySlotStride - 1), Verdict::beyond_memory);
  EXPECT_EQ(verdict(slot + kMemorySlotStride), Verdict::forbidden);  // the next slot is no one's
}

TEST_F(LedgerTest, FindsAnEmptyMemoryAllBeyond) {
  EXPECT_EQ(verdict(ledger_.reserve_slot().value()), Verdict::beyond_memory);
}

TEST_F(LedgerTest, GrowsAMemoryInPlace) {
  const uint64_t slot = open_slot(kPageSize * 16);
  EXPECT_EQ(touch(slot + 15 * kPageSize).verdict, Verdict::accept);
  ASSERT_TRUE(ledger_.prepare_slot(slot, uint64_t{4} << 30));
  ledger_.set_slot_size(slot, uint64_t{4} << 30);
  EXPECT_EQ(verdict(slot + 15 * kPageSize), Verdict::in_order);
  EXPECT_EQ(verdict(slot + 16 * kPageSize), Verdict::accept);
  EXPECT_EQ(verdict(slot + (uint64_t{4} << 30) - 1), Verdict::accept);
  EXPECT_EQ(verdict(slot + (uint64_t{4} << 30)), Verdict::beyond_memory);
}

TEST_F(LedgerTest, NeverProposesAPageBeyondTheSizeOrOneThatIsAccepted) {
  constexpr uint64_t kPages = 37;
  const uint64_t slot = open_slot(kPages * kPageSize);
  std::array<int, kPages> times{};
  for (const uint64_t page : std::initializer_list<uint64_t>{
           36, 3,  0,  20, 19, 21, 1,  2,  4,  35, 10, 9,  8,  7,  6,  5,  30, 29, 28,
           11, 12, 13, 14, 15, 16, 17, 18, 22, 23, 24, 25, 26, 27, 31, 32, 33, 34}) {
    const Judgement judgement = touch(slot + page * kPageSize);
    for (uint64_t i = 0; i < judgement.pages; ++i) {
      const uint64_t accepted = (judgement.first_address - slot) / kPageSize + i;
      ASSERT_LT(accepted, kPages);
      ++times.at(accepted);
    }
    EXPECT_EQ(times.at(page), 1);
  }
  for (const int count : times) EXPECT_EQ(count, 1);
}

TEST_F(LedgerTest, DoublesTheClusterOfAScanUpToItsLimit) {
  const uint64_t slot = open_slot(1024 * kPageSize);
  std::vector<uint64_t> clusters;
  for (uint64_t page = 0; page < 300;) {
    const Judgement judgement = touch(slot + page * kPageSize);
    clusters.push_back(judgement.pages);
    page += judgement.pages;
  }
  EXPECT_EQ(clusters, (std::vector<uint64_t>{1, 1, 2, 4, 8, 16, 32, 64, 64, 64, 64}));
}

TEST_F(LedgerTest, DoublesTheClustersOfInterleavedScansIndependently) {
  const uint64_t slot = open_slot(1024 * kPageSize);
  uint64_t first = 0;
  uint64_t second = 500;
  for (int i = 0; i < 9; ++i) {
    first += touch(slot + first * kPageSize).pages;
    second += touch(slot + second * kPageSize).pages;
  }
  EXPECT_EQ(first, 1U + 1 + 2 + 4 + 8 + 16 + 32 + 64 + 64);
  EXPECT_EQ(second - 500, first);
}

TEST_F(LedgerTest, SpendsTheLeastClusterOnALoneTouch) {
  const uint64_t slot = open_slot(4096 * kPageSize);
  for (uint64_t page = 0; page < 4096; page += 64)
    EXPECT_EQ(touch(slot + page * kPageSize).pages, kMinCluster);
}

TEST_F(LedgerTest, FollowsAScanDownwards) {
  const uint64_t slot = open_slot(1024 * kPageSize);
  ledger_.note_accepted(slot + 500 * kPageSize, 8);
  const Judgement judgement = touch(slot + 499 * kPageSize);
  EXPECT_EQ(judgement.pages, 8U);
  EXPECT_EQ(judgement.first_address, slot + 492 * kPageSize);
}

TEST_F(LedgerTest, AcceptsTheGuestStackDownwardsAndTrapsInItsGuard) {
  const uint64_t stack = kFirstThread + kThreadBlock.guest_stack;
  const uint64_t top = stack + kImage.guest_stack_size;
  const Judgement judgement = touch(top - 8);
  EXPECT_EQ(judgement.verdict, Verdict::accept);
  EXPECT_EQ(judgement.pages, kMinCluster);
  EXPECT_EQ(judgement.first_address + judgement.pages * kPageSize, top);
  EXPECT_EQ(verdict(stack), Verdict::accept);
  EXPECT_EQ(verdict(stack - 1), Verdict::stack_guard);
  EXPECT_EQ(verdict(stack - kImage.guard_size), Verdict::stack_guard);
  EXPECT_EQ(verdict(top), Verdict::forbidden);
}

TEST_F(LedgerTest, ForbidsTheStackOfAnotherThread) {
  const uint64_t other = kFirstThread + kThreadBlock.size + kThreadBlock.guest_stack;
  EXPECT_EQ(verdict(other), Verdict::forbidden);
  EXPECT_EQ(verdict(other - 1), Verdict::forbidden);
}

TEST_F(LedgerTest, KnowsWhichPagesOfAThreadBlockAreThere) {
  EXPECT_EQ(verdict(kFirstThread), Verdict::forbidden);  // TCS
  EXPECT_EQ(verdict(kFirstThread + kThreadBlock.ssa), Verdict::in_order);
  EXPECT_EQ(verdict(kFirstThread + kThreadBlock.tcb), Verdict::in_order);
  EXPECT_EQ(verdict(kFirstThread + kThreadBlock.tcb + kPageSize), Verdict::forbidden);
  EXPECT_EQ(verdict(kFirstThread + kThreadBlock.runtime_stack), Verdict::in_order);
  EXPECT_EQ(verdict(kFirstThread + kThreadBlock.runtime_stack - 1), Verdict::forbidden);
}

TEST_F(LedgerTest, KnowsTheHeapInTheTwoPlacesWhereItGrows) {
  const uint64_t heap = kBase + kImage.heap_offset;
  EXPECT_EQ(verdict(heap), Verdict::forbidden);
  ledger_.note_heap(heap, heap + kPageSize);
  ledger_.note_heap(heap + 100 * kPageSize, heap + 164 * kPageSize);
  ledger_.note_heap(heap + kPageSize, heap + 2 * kPageSize);
  EXPECT_EQ(verdict(heap + 2 * kPageSize - 1), Verdict::in_order);
  EXPECT_EQ(verdict(heap + 2 * kPageSize), Verdict::forbidden);
  EXPECT_EQ(verdict(heap + 163 * kPageSize), Verdict::in_order);
  EXPECT_EQ(verdict(heap + 164 * kPageSize), Verdict::forbidden);
  EXPECT_DEATH(ledger_.note_heap(heap + 3 * kPageSize, heap + 4 * kPageSize), "out of order");
}

TEST_F(LedgerTest, ForgetsTheHeapFromItsEndAndFollowsItWhenItGrowsAgain) {
  const uint64_t heap = kBase + kImage.heap_offset;
  ledger_.note_heap(heap, heap + 8 * kPageSize);
  ledger_.note_heap(heap + 100 * kPageSize, heap + 164 * kPageSize);
  ledger_.note_heap_removed(heap + 110 * kPageSize, heap + 164 * kPageSize);
  EXPECT_EQ(verdict(heap + 109 * kPageSize), Verdict::in_order);
  EXPECT_EQ(verdict(heap + 110 * kPageSize), Verdict::forbidden);
  ledger_.note_heap(heap + 110 * kPageSize, heap + 120 * kPageSize);
  EXPECT_EQ(verdict(heap + 119 * kPageSize), Verdict::in_order);
  EXPECT_DEATH(ledger_.note_heap_removed(heap + 105 * kPageSize, heap + 110 * kPageSize), "out of order");
}

TEST_F(LedgerTest, CountsThePagesOfRetiredMemoriesUntilTheyAreTaken) {
  const uint64_t first = open_slot(16 * kPageSize);
  const uint64_t second = open_slot(16 * kPageSize);
  ledger_.note_accepted(first, 5);
  ledger_.note_accepted(second, 7);
  EXPECT_EQ(ledger_.retired_pages(), 0U);
  ledger_.retire_slot(first);
  ledger_.retire_slot(second);
  EXPECT_EQ(ledger_.retired_pages(), 12U);
  ASSERT_EQ(ledger_.take_retired_slot(), first);
  EXPECT_EQ(ledger_.retired_pages(), 7U);
  ledger_.note_removed(first, ledger_.accepted_run(first, 0));
  ledger_.clear_slot(first);
  ledger_.free_slot(first);
  EXPECT_EQ(verdict(first), Verdict::forbidden);
}

TEST_F(LedgerTest, HandsOutEverySlotOnceAndARetiredOneOnlyToBeEmptied) {
  std::vector<uint64_t> slots;
  while (const auto slot = ledger_.reserve_slot()) slots.push_back(*slot);
  EXPECT_EQ(slots.size(), kMemorySlots);
  std::sort(slots.begin(), slots.end());
  EXPECT_EQ(std::unique(slots.begin(), slots.end()), slots.end());
  EXPECT_LE(slots.back() + kMemorySlotStride, kBase + kImage.elrange_size);
  ledger_.retire_slot(slots[3]);
  EXPECT_EQ(ledger_.reserve_slot(), std::nullopt);  // its pages are still there
  EXPECT_EQ(ledger_.take_retired_slot(), slots[3]);
  EXPECT_EQ(ledger_.take_retired_slot(), std::nullopt);
  ledger_.lose_slot(slots[3]);  // the host kept the pages
  EXPECT_EQ(ledger_.reserve_slot(), std::nullopt);
  EXPECT_EQ(ledger_.take_retired_slot(), std::nullopt);
  EXPECT_EQ(verdict(slots[3]), Verdict::forbidden);
}

TEST_F(LedgerTest, ForbidsARetiredMemoryAndFindsAnEmptiedOneAllBeyond) {
  const uint64_t slot = open_slot(16 * kPageSize);
  touch(slot);
  ledger_.retire_slot(slot);
  EXPECT_EQ(verdict(slot), Verdict::forbidden);
  ASSERT_EQ(ledger_.take_retired_slot(), slot);
  const PageRun run = ledger_.accepted_run(slot, 0);
  ledger_.note_removed(slot, run);
  ledger_.clear_slot(slot);
  EXPECT_EQ(verdict(slot), Verdict::beyond_memory);
  EXPECT_EQ(ledger_.accepted_run(slot, 0).count, 0U);
}

TEST_F(LedgerTest, FindsTheRunsOfAcceptedPages) {
  const uint64_t slot = open_slot(100 * kPageSize);
  ledger_.note_accepted(slot + 10 * kPageSize, 5);
  ledger_.note_accepted(slot + 98 * kPageSize, 2);
  PageRun run = ledger_.accepted_run(slot, 0);
  EXPECT_EQ(run.first, 10U);
  EXPECT_EQ(run.count, 5U);
  run = ledger_.accepted_run(slot, 15);
  EXPECT_EQ(run.first, 98U);
  EXPECT_EQ(run.count, 2U);
  EXPECT_EQ(ledger_.accepted_run(slot, 100).count, 0U);
  ledger_.note_removed(slot, run);
  EXPECT_EQ(verdict(slot + 98 * kPageSize), Verdict::accept);
}

TEST_F(LedgerTest, PlacesCodeWithoutOverlapAndReusesWhatWasReleased) {
  const uint64_t first = ledger_.reserve_code(10).value();
  const uint64_t second = ledger_.reserve_code(5).value();
  EXPECT_EQ(second, first + 10 * kPageSize);
  EXPECT_EQ(verdict(first), Verdict::forbidden);
  ledger_.note_code_mapped(first, 10);
  EXPECT_EQ(verdict(first + 10 * kPageSize - 1), Verdict::in_order);
  ledger_.release_code(first, 10);
  EXPECT_EQ(verdict(first), Verdict::forbidden);
  const uint64_t whole = kImage.code_size / kPageSize;
  EXPECT_EQ(ledger_.reserve_code(whole), std::nullopt);
  EXPECT_EQ(ledger_.reserve_code(0), std::nullopt);
  EXPECT_NE(ledger_.reserve_code(whole - 15), std::nullopt);
  EXPECT_EQ(ledger_.reserve_code(11), std::nullopt);
  EXPECT_EQ(ledger_.reserve_code(10), first);
}

}  // namespace
}  // namespace twine::enclave

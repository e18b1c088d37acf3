#include "enclave/memory/heap.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <bit>
#include <cstring>
#include <random>
#include <vector>

namespace twine::enclave {
namespace {

constexpr uint64_t kHeapSize = uint64_t{64} << 20;

uint64_t backed_bytes = 0;
bool refuse = false;

bool back(uint64_t address, uint64_t size) {
  if (refuse) return false;
  backed_bytes += size;
  return mprotect(std::bit_cast<void*>(address), size, PROT_READ | PROT_WRITE) == 0;
}

void give_back(uint64_t address, uint64_t size) {
  backed_bytes -= size;
  void* const pages = std::bit_cast<void*>(address);
  madvise(pages, size, MADV_DONTNEED);
  mprotect(pages, size, PROT_NONE);
}

// A heap over memory that faults where the heap has not asked for it.
class HeapTest : public testing::Test {
 protected:
  HeapTest() {
    region_ = mmap(nullptr, kHeapSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    backed_bytes = 0;
    refuse = false;
    heap_.open(reinterpret_cast<uint64_t>(region_), kHeapSize, back);
  }
  ~HeapTest() override { munmap(region_, kHeapSize); }

  void* region_;
  Heap heap_;
};

using HeapDeathTest = HeapTest;

TEST_F(HeapTest, GivesBackWhatIsFreeAtItsEndAndGrowsIntoItAgain) {
  void* const first = heap_.allocate(100);
  void* const large = heap_.allocate(size_t{48} << 20);
  ASSERT_NE(large, nullptr);
  heap_.free(large);
  const uint64_t before = backed_bytes;
  heap_.trim(give_back);
  EXPECT_LT(backed_bytes, before - (uint64_t{36} << 20));
  EXPECT_GE(backed_bytes, Heap::kTrimTo * Heap::kUnitSize);
  EXPECT_EQ(heap_.usable_size(first), 112U);
  void* const again = heap_.allocate(size_t{48} << 20);
  ASSERT_NE(again, nullptr);
  std::memset(again, 1, size_t{48} << 20);
  EXPECT_EQ(backed_bytes, before);
  heap_.free(again);
  heap_.free(first);
}

TEST_F(HeapTest, GivesNothingBackWhileTheEndIsInUseOrLittleIsFree) {
  void* const large = heap_.allocate(size_t{40} << 20);
  void* const last = heap_.allocate(5000);
  heap_.free(large);
  const uint64_t before = backed_bytes;
  heap_.trim(give_back);
  EXPECT_EQ(backed_bytes, before);
  heap_.free(last);
  heap_.trim(give_back);
  EXPECT_LT(backed_bytes, before);
  const uint64_t little = backed_bytes;
  heap_.trim(give_back);
  EXPECT_EQ(backed_bytes, little);
}

TEST_F(HeapTest, BacksNothingBeforeTheFirstAllocation) {
  EXPECT_EQ(backed_bytes, 0U);
}

TEST_F(HeapTest, BacksOneStepForASmallBlock) {
  ASSERT_NE(heap_.allocate(1), nullptr);
  EXPECT_EQ(backed_bytes, Heap::kGrowth + Heap::kUnitSize);
}

TEST_F(HeapTest, GivesBlocksOfEverySizeThatHoldIt) {
  for (size_t size = 0; size < 10000; ++size) {
    void* block = heap_.allocate(size);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % Heap::kMinAlignment, 0U);
    EXPECT_GE(heap_.usable_size(block), size);
    EXPECT_LE(heap_.usable_size(block),
              size <= 2048 ? std::max<size_t>(size + size / 4 + 16, 16) : size + Heap::kUnitSize);
    heap_.free(block);
  }
  EXPECT_EQ(heap_.statistics().used, 0U);
}

TEST_F(HeapTest, AlignsAsAsked) {
  for (size_t alignment = 1; alignment <= Heap::kUnitSize; alignment *= 2) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(heap_.allocate(24, alignment)) % alignment, 0U);
  }
  EXPECT_EQ(heap_.allocate(24, 2 * Heap::kUnitSize), nullptr);
}

TEST_F(HeapTest, NeverHandsOutOverlappingBlocks) {
  struct Live {
    uint8_t* block;
    size_t size;
    uint8_t pattern;
  };
  std::mt19937 random(20240607);
  std::vector<Live> live;
  const auto intact = [](const Live& entry) {
    for (size_t i = 0; i < entry.size; ++i) {
      if (entry.block[i] != entry.pattern) return false;
    }
    return true;
  };
  for (int step = 0; step < 20000; ++step) {
    if (live.size() < 300 && random() % 3 != 0) {
      const size_t size = random() % 8 == 0 ? random() % 100000 : random() % 3000;
      auto* block = static_cast<uint8_t*>(heap_.allocate(size));
      ASSERT_NE(block, nullptr);
      const auto pattern = static_cast<uint8_t>(random());
      std::memset(block, pattern, size);
      live.push_back({block, size, pattern});
    } else if (!live.empty()) {
      const size_t index = random() % live.size();
      ASSERT_TRUE(intact(live[index]));
      if (random() % 4 == 0) {
        const size_t size = random() % 5000;
        auto* moved = static_cast<uint8_t*>(heap_.reallocate(live[index].block, size));
        ASSERT_NE(moved, nullptr);
        live[index].block = moved;
        const size_t kept = std::min(size, live[index].size);
        live[index].size = kept;
        ASSERT_TRUE(intact(live[index]));
        std::memset(moved, live[index].pattern, size);
        live[index].size = size;
      } else {
        heap_.free(live[index].block);
        live[index] = live.back();
        live.pop_back();
      }
    }
  }
  for (const Live& entry : live) {
    EXPECT_TRUE(intact(entry));
    heap_.free(entry.block);
  }
  EXPECT_EQ(heap_.statistics().used, 0U);
}

TEST_F(HeapTest, JoinsFreedRunsSoThatALargeBlockFitsAgain) {
  std::vector<void*> blocks;
  while (void* block = heap_.allocate(uint64_t{1} << 20)) blocks.push_back(block);
  EXPECT_GE(blocks.size(), 60U);
  const uint64_t backed = backed_bytes;
  for (size_t i = 0; i < blocks.size(); i += 2) heap_.free(blocks[i]);
  for (size_t i = 1; i < blocks.size(); i += 2) heap_.free(blocks[i]);
  EXPECT_NE(heap_.allocate(uint64_t{60} << 20), nullptr);
  EXPECT_EQ(backed_bytes, backed);
}

TEST_F(HeapTest, AnswersNullWhenThereIsNoMemory) {
  EXPECT_EQ(heap_.allocate(kHeapSize), nullptr);
  EXPECT_EQ(heap_.allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(heap_.allocate(SIZE_MAX - 4000), nullptr);
  refuse = true;
  EXPECT_EQ(heap_.allocate(100), nullptr);
  refuse = false;
  EXPECT_NE(heap_.allocate(100), nullptr);
}

TEST_F(HeapDeathTest, RefusesADoubleFreeOfASmallBlock) {
  void* block = heap_.allocate(40);
  void* other = heap_.allocate(40);
  heap_.free(block);
  EXPECT_DEATH(heap_.free(block), "not a live block");
  heap_.free(other);
  EXPECT_DEATH(heap_.free(other), "not a live block");
}

TEST_F(HeapDeathTest, RefusesADoubleFreeOfALargeBlockAlsoWhenItWasJoinedToItsNeighbours) {
  void* before = heap_.allocate(5000);
  void* block = heap_.allocate(5000);
  void* after = heap_.allocate(5000);
  heap_.free(before);
  heap_.free(after);
  heap_.free(block);
  EXPECT_DEATH(heap_.free(before), "not a live block");
  EXPECT_DEATH(heap_.free(block), "not a live block");
  EXPECT_DEATH(heap_.free(after), "not a live block");
}

TEST_F(HeapDeathTest, RefusesToFreeTheMiddleOfABlock) {
  auto* small = static_cast<uint8_t*>(heap_.allocate(40));
  EXPECT_DEATH(heap_.free(small + 16), "not a live block");
  auto* large = static_cast<uint8_t*>(heap_.allocate(10000));
  EXPECT_DEATH(heap_.free(large + 16), "not a live block");
  EXPECT_DEATH(heap_.free(large + Heap::kUnitSize), "not a live block");
}

TEST_F(HeapDeathTest, RefusesToFreeWhatIsNotOfTheHeap) {
  int local = 0;
  EXPECT_DEATH(heap_.free(&local), "outside the heap");
  EXPECT_DEATH(heap_.free(region_), "outside the heap");  // its own table
}

}  // namespace
}  // namespace twine::enclave

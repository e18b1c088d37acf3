// The enclave's allocator: size classes for small blocks, runs of pages for large ones.
//
// All bookkeeping lies apart from the blocks, so that an overflow of a block cannot reach it:
//
//   begin                      Unit[unit count]   one a 4 KiB page of the heap, 64 bytes
//   begin + table size         the pages that are handed out
//
// Units are backed with memory (EACCEPT) only as the heap grows, kGrowth at a time: that many pages and the one page of the
// table that describes them. Memory that was freed is reused; what is free at the end of a heap that has grown large goes
// back when trim() is called.
//
//   size                  comes from
//   1 … 2,048 bytes       a slab of one (≤ 256) or four pages, cut into blocks of one class; 4 classes for each power of two
//   more                  a run of whole pages, page-aligned; best of a power-of-two bin
//
// free() of anything that is not the start of a live block is a fault and ends the enclave: double frees and stray pointers
// do not pass. Blocks are not cleared; who holds secrets wipes them (sodium_memzero).
//
// One lock. No allocation happens on the exception stack, so a fault cannot find it held by its own thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "enclave/platform/spin_lock.h"

namespace twine::enclave {

class Heap {
 public:
  // Backs [address, address + size) with zeroed memory; false when there is none.
  using Back = bool (*)(uint64_t address, uint64_t size);
  // Takes the memory of [address, address + size) away; backed again, it is zero. It must not allocate.
  using GiveBack = void (*)(uint64_t address, uint64_t size);

  static constexpr uint64_t kUnitSize = 4096;
  static constexpr uint64_t kUnitsPerTablePage = 64;
  static constexpr uint64_t kGrowth = kUnitsPerTablePage * kUnitSize;
  static constexpr size_t kMinAlignment = 16;
  static constexpr size_t kLargestClass = 2048;
  static constexpr size_t kClasses = 28;
  // trim() does something when this many units are free at the end, and leaves that many of them: giving pages
  // back and taking them again costs more than a fault each.
  static constexpr uint32_t kTrimFrom = 8192;
  static constexpr uint32_t kTrimTo = 2048;

  constexpr Heap() = default;

  // The heap owns [begin, begin + size), page-aligned. Called once, before any other function.
  void open(uint64_t begin, uint64_t size, Back back);

  // nullptr when the heap is exhausted. `alignment` is a power of two, at most kUnitSize.
  [[nodiscard]] void* allocate(size_t size, size_t alignment = kMinAlignment);
  [[nodiscard]] void* reallocate(void* block, size_t size);
  void free(void* block);

  // Gives pages at the end of the heap back, if enough of them are free. Holds the heap's lock over
  // `give_back`.
  void trim(GiveBack give_back);

  // Bytes that the block at `block` can hold.
  [[nodiscard]] size_t usable_size(const void* block);

  struct Statistics {
    uint64_t backed;  // bytes of heap that have memory
    uint64_t used;    // bytes of blocks handed out, rounded up to what they occupy
  };
  [[nodiscard]] Statistics statistics();

 private:
  enum class Kind : uint8_t { absent = 0, free, slab, slab_rest, run, run_rest };

  static constexpr uint32_t kNone = 0xffff'ffff;

  // What a page of the heap is. `length`, `next` and `previous` hold in the first unit of a slab, run or free
  // run; the last unit of a free run repeats its length, so that a neighbour can be joined from either side.
  struct Unit {
    Kind kind;
    uint8_t size_class;
    uint16_t live;    // slab: blocks handed out
    uint32_t length;  // units; in `slab_rest`, how far the slab's first unit is
    uint32_t next;    // slab with free blocks, or free run, of the same class
    uint32_t previous;
    std::array<uint64_t, 4> taken;  // slab: one bit a block
    std::array<uint64_t, 2> reserved;
  };
  static_assert(sizeof(Unit) * kUnitsPerTablePage == kUnitSize);

  struct List {
    uint32_t head = kNone;
  };

  [[nodiscard]] Unit& unit(uint32_t index) const;
  [[nodiscard]] uint64_t address_of(uint32_t index) const { return pages_ + index * kUnitSize; }
  [[nodiscard]] uint32_t index_of(const void* block) const;

  void push(List& list, uint32_t index);
  void remove(List& list, uint32_t index);

  [[nodiscard]] bool grow(uint32_t units);
  [[nodiscard]] uint32_t free_at_end() const;  // units of the free run that ends the heap, or 0
  [[nodiscard]] uint32_t take_run(uint32_t units, Kind kind);
  void give_run(uint32_t first, uint32_t units);
  void mark_free(uint32_t first, uint32_t units);
  [[nodiscard]] void* allocate_locked(size_t size, size_t alignment);
  [[nodiscard]] void* allocate_small(size_t size_class);
  void free_locked(void* block);
  [[nodiscard]] size_t usable_size_locked(const void* block);

  // The slab or run that `block` is the start of a live block of; panics if it is none.
  struct Place {
    uint32_t first;
    uint32_t slot;  // in a slab
  };
  [[nodiscard]] Place find(const void* block);

  SpinLock lock_;
  uint64_t begin_ = 0;
  uint64_t pages_ = 0;
  uint32_t units_ = 0;   // that the heap can have
  uint32_t backed_ = 0;  // that have memory
  uint64_t used_ = 0;
  Back back_ = nullptr;
  std::array<List, kClasses> slabs_;
  std::array<List, 32> runs_;  // by floor(log2(length))
};

// Behind operator new and malloc.
[[nodiscard]] Heap& heap();

}  // namespace twine::enclave

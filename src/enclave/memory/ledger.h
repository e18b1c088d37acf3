// The page ledger: which of the enclave's pages are accepted, and what a page fault at an address means.
//
// Pure bookkeeping: it decides, memory/pages.cc acts. The host never influences what stands here.
//
//   address in                          ledger says                                                   verdict
//   memory slot, beyond its size        nothing there for the guest                                   beyond_memory
//   memory slot or guest stack          not accepted yet: accept the cluster around it and resume     accept
//   guard below this thread's stack     the guest has run out of stack                                stack_guard
//   image, heap, code, slot, stack      accepted: the page is in order, another thread was faster     in_order
//                                       or the host provokes the fault
//   anywhere else                       no code may touch it                                          forbidden
//
// Clusters. The run of accepted pages that leads up to the fault (or, for memory that is filled downwards, away from it) tells how
// sequential the access is: as many pages again are accepted ahead, at least kMinCluster and at most kMaxCluster. So a
// scan doubles its clusters, several interleaved scans do so independently, and a lone touch costs kMinCluster.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/image_layout.h"
#include "enclave/start/layout.h"

namespace twine::enclave {

inline constexpr uint64_t kMinCluster = 1;  // pages
inline constexpr uint64_t kMaxCluster = 64;

// One bit a page, in chunks that are allocated as the range opens, never in the fault path.
class PageBitmap {
 public:
  static constexpr uint64_t kChunkPages = 16384;  // 64 MiB of memory, 2 KiB of bitmap
  static constexpr uint64_t kMaxPages = uint64_t{1} << 20;

  // Makes pages [0, pages) representable; false when there is no memory for that.
  [[nodiscard]] bool prepare(uint64_t pages);
  [[nodiscard]] bool test(uint64_t page) const;
  void set(uint64_t page);
  void clear(uint64_t page);

 private:
  struct Chunk {
    std::array<uint64_t, kChunkPages / 64> words;
  };
  std::array<std::unique_ptr<Chunk>, kMaxPages / kChunkPages> chunks_;
};

struct PageRun {
  uint64_t first;  // page number in its range
  uint64_t count;
};

// Which way a range is filled when nothing else tells: memories up, stacks down.
enum class Growth : uint8_t { up, down };

// The pages to accept for a fault at `page`, which is not accepted, in a range of `pages` pages.
[[nodiscard]] PageRun choose_cluster(const PageBitmap& accepted, uint64_t page, uint64_t pages,
                                     Growth growth);

enum class Verdict : uint8_t { accept, in_order, beyond_memory, stack_guard, forbidden };

struct Judgement {
  Verdict verdict;
  uint64_t first_address;  // with `accept`
  uint64_t pages;
};

class PageLedger {
 public:
  // `image_size`: bytes from the base that are part of the measured image.
  void open(uint64_t enclave_base, uint64_t image_size);

  // --- faults

  // What a #PF at `address` on the thread whose block starts at `thread_block` means.
  [[nodiscard]] Judgement judge(uint64_t address, uint64_t thread_block) const;
  // Notes that the pages of an `accept` judgement are accepted now.
  void note_accepted(uint64_t first_address, uint64_t pages);

  // --- threads

  // One more thread block, behind the last, whose pages have been accepted.
  void note_thread_block() { ++threads_present_; }
  // The first run of accepted pages of a thread's guest stack at or after `page`; count 0: none.
  [[nodiscard]] PageRun accepted_stack_run(uint64_t thread_block, uint64_t page) const;

  // --- linear memories

  [[nodiscard]] std::optional<uint64_t> reserve_slot();  // its address
  [[nodiscard]] bool owns_slot(uint64_t address) const;
  // Prepares the slot for `size` bytes; false when there is no memory for the bookkeeping.
  [[nodiscard]] bool prepare_slot(uint64_t address, uint64_t size);
  void set_slot_size(uint64_t address, uint64_t size);
  [[nodiscard]] uint64_t slot_size(uint64_t address) const;
  // The first run of accepted pages of the slot at or after `page`; count 0: none.
  [[nodiscard]] PageRun accepted_run(uint64_t address, uint64_t page) const;
  void note_removed(uint64_t address, PageRun run);
  // The memory is gone, its pages are still there: the slot is handed out again only after they were removed.
  // Giving pages back is slow and, when a launch ends, for nothing, so it waits until memory is asked for
  // again.
  void retire_slot(uint64_t address);
  // Accepted pages of all retired slots.
  [[nodiscard]] uint64_t retired_pages() const { return retired_pages_; }
  // A retired slot, which the caller owns from now on, to remove its pages and then clear or lose it.
  [[nodiscard]] std::optional<uint64_t> take_retired_slot();
  // All pages were removed: an empty memory, owned by the caller as if just reserved.
  void clear_slot(uint64_t address);
  // An empty memory that its owner does not want: free again.
  void free_slot(uint64_t address);
  // The host did not take the pages back: the slot is never handed out again.
  void lose_slot(uint64_t address);

  // --- code

  [[nodiscard]] std::optional<uint64_t> reserve_code(uint64_t pages);  // their address
  void note_code_mapped(uint64_t address, uint64_t pages);
  void release_code(uint64_t address, uint64_t pages);

  // --- heap

  // [begin, end) has been accepted. The heap grows in two places, its table and its pages; its own lock
  // orders the calls, not the ledger's, because the ledger allocates while it is locked.
  void note_heap(uint64_t begin, uint64_t end);
  // [begin, end), the end of one of the two, has been removed.
  void note_heap_removed(uint64_t begin, uint64_t end);

 private:
  enum class SlotState : uint8_t { free, reserved, retired, lost };
  struct Slot {
    SlotState state = SlotState::free;
    uint64_t size = 0;
    uint64_t accepted_pages = 0;
    PageBitmap accepted;
  };

  [[nodiscard]] uint64_t slot_address(uint64_t index) const {
    return base_ + kImage.wasm_offset + index * kMemorySlotStride;
  }
  [[nodiscard]] uint64_t slot_index(uint64_t address) const {
    return (address - base_ - kImage.wasm_offset) / kMemorySlotStride;
  }
  [[nodiscard]] uint64_t stack_address(uint64_t thread) const {
    return threads_ + thread * kThreadBlock.size + kThreadBlock.guest_stack;
  }
  [[nodiscard]] Judgement judge_thread_block(uint64_t address, uint64_t thread_block) const;

  static constexpr uint64_t kCodePages = kImage.code_size / kPageSize;
  static constexpr uint64_t kStackPages = kImage.guest_stack_size / kPageSize;

  uint64_t base_ = 0;
  uint64_t threads_ = 0;
  uint64_t image_end_ = 0;
  struct HeapArea {
    std::atomic<uint64_t> begin = 0;
    std::atomic<uint64_t> end = 0;
  };
  std::array<HeapArea, 2> heap_;
  uint64_t next_slot_ = 0;
  uint64_t retired_pages_ = 0;
  std::array<Slot, kMemorySlots> slots_;
  std::array<PageBitmap, kMaxThreads> stacks_;
  uint32_t threads_present_ = kImage.tcs_count;
  PageBitmap code_reserved_;
  PageBitmap code_mapped_;
  uint64_t next_code_page_ = 0;
};

}  // namespace twine::enclave

// Dynamic pages: the ledger decides, this file asks the host and accepts. The ledger's lock is never held over
// a host call.
#include "enclave/memory/pages.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/decimal.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/memory/heap.h"
#include "enclave/memory/ledger.h"
#include "enclave/memory/page_fault.h"
#include "enclave/memory/start_memory.h"
#include "enclave/memory/thread_pages.h"
#include "enclave/platform/accept.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/thread_block.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {
namespace {

constinit PageLedger ledger;
constinit SpinLock ledger_lock;
// The thread (its block) that holds ledger_lock, or 0. Nothing under the lock touches a page that could be
// missing; if it faults all the same, its handler must not wait for itself.
constinit std::atomic<uint64_t> ledger_holder = 0;

std::atomic<uint64_t> pages_accepted = 0;
std::atomic<uint64_t> faults_mended = 0;

class [[nodiscard]] LedgerGuard {
 public:
  LedgerGuard() {
    uint64_t self = current_thread_block();
    if (ledger_holder.load(std::memory_order_relaxed) == self)
      panic("a page fault while the page ledger was changed");
    ledger_lock.lock();
    ledger_holder.store(self, std::memory_order_relaxed);
  }
  ~LedgerGuard() {
    ledger_holder.store(0, std::memory_order_relaxed);
    ledger_lock.unlock();
  }
  LedgerGuard(const LedgerGuard&) = delete;
  LedgerGuard& operator=(const LedgerGuard&) = delete;
};

uint64_t offset_of(uint64_t address) {
  return address - enclave_base();
}
uint64_t address_of(const uint8_t* pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}
uint8_t* pointer_to(uint64_t address) {
  return std::bit_cast<uint8_t*>(address);
}
constexpr bool is_whole_pages(uint64_t size) {
  return size % kPageSize == 0;
}

constexpr uint64_t kMaxMemory = uint64_t{4} << 30;  // wasm32
// Pages of memories that are gone may stay with the enclave up to here (64 MiB): small memories come and go
// without a word to the host.
constexpr uint64_t kRetiredPages = 16384;
constexpr uint32_t kReadWrite = hostcall::kPageRead | hostcall::kPageWrite;

struct CodeMapping {
  uint64_t address;
  uint64_t pages;
};
// Under ledger_lock. What was unmapped waits, as retired slots do, until its address space is needed.
constinit std::vector<CodeMapping> code_mappings;
constinit std::vector<CodeMapping> retired_code;

std::unexpected<Error> host_refuses(const char* what) {
  return fail(ErrorCode::out_of_memory, std::string("the host refuses ") + what +
                                            " of the enclave; is there enough EPC and address space?");
}

// The heap's pages are accepted here and now, not on touch: no exit in the middle of an allocation. If the
// host does not provide one, the fault at EACCEPT ends the enclave.
bool back_heap(uint64_t address, uint64_t size) {
  for (uint64_t page = address; page < address + size; page += kPageSize) accept_page(page);
  ledger.note_heap(address, address + size);
  pages_accepted.fetch_add(size / kPageSize, std::memory_order_relaxed);
  return true;
}

// TRIM (SDM vol. 3D, "Enclave Page Removal"): the host marks the pages, the enclave confirms, the host frees
// them. False when the host does not; then they must never be used again, as they keep their contents.
bool remove_pages(uint64_t address, uint64_t pages) {
  if (!hostcall::pages_trim(offset_of(address), pages * kPageSize)) return false;
  for (uint64_t i = 0; i < pages; ++i) {
    if (!accept_trim(address + i * kPageSize)) return false;
  }
  return hostcall::pages_remove(offset_of(address), pages * kPageSize).has_value();
}

// The heap's lock is held meanwhile, so that nobody grows it into what goes: nothing below allocates.
void give_heap_back(uint64_t address, uint64_t size) {
  ledger.note_heap_removed(address, address + size);
  if (!remove_pages(address, size / kPageSize)) panic("the host does not take pages of the heap back");
}

// Makes a memory that was retired one without pages; false, and the slot is lost, if the host does not help.
bool empty_slot(uint64_t slot) {
  uint64_t size = 0;
  for (uint64_t page = 0;;) {
    PageRun run{};
    {
      const LedgerGuard guard;
      size = ledger.slot_size(slot);
      run = ledger.accepted_run(slot, page);
    }
    if (run.count == 0) break;
    const bool removed = remove_pages(slot + run.first * kPageSize, run.count);
    const LedgerGuard guard;
    if (!removed) {
      ledger.lose_slot(slot);
      return false;
    }
    ledger.note_removed(slot, run);
    page = run.first + run.count;
  }
  const bool closed = size == 0 || hostcall::pages_close(offset_of(slot), size).has_value();
  const LedgerGuard guard;
  if (closed) {
    ledger.clear_slot(slot);
  } else {
    ledger.lose_slot(slot);
  }
  return closed;
}

// Removes the pages of all code that was unmapped. Those that the host does not take back keep their place
// for ever, unused.
void remove_retired_code() {
  std::vector<CodeMapping> retired;
  {
    const LedgerGuard guard;
    retired.swap(retired_code);
  }
  for (const CodeMapping& mapping : retired) {
    if (!remove_pages(mapping.address, mapping.pages)) continue;
    if (!hostcall::pages_close(offset_of(mapping.address), mapping.pages * kPageSize)) continue;
    const LedgerGuard guard;
    ledger.release_code(mapping.address, mapping.pages);
  }
}

// Gives back what is no longer used, once it is much. Called where the enclave asks for memory: when it does
// not any more, giving back is for nothing.
void give_back_unused() {
  heap().trim(give_heap_back);
  for (;;) {
    std::optional<uint64_t> slot;
    {
      const LedgerGuard guard;
      if (ledger.retired_pages() > kRetiredPages) slot = ledger.take_retired_slot();
    }
    if (!slot) return;
    if (!empty_slot(*slot)) continue;
    const LedgerGuard guard;
    ledger.free_slot(*slot);
  }
}

std::optional<uint64_t> reserve_code(uint64_t pages) {
  {
    const LedgerGuard guard;
    if (const auto address = ledger.reserve_code(pages)) return address;
  }
  remove_retired_code();
  const LedgerGuard guard;
  return ledger.reserve_code(pages);
}

}  // namespace

// --- Start ---------------------------------------------------------------------------------------------------------

void open_memory() {
  if (!hostcall::pages_open(kImage.heap_offset, kImage.heap_size, kReadWrite))
    panic("the host refuses the enclave's heap (pages_open)");
  heap().open(enclave_base() + kImage.heap_offset, kImage.heap_size, back_heap);
  ledger.open(enclave_base(), image_size());
}

// --- Threads -------------------------------------------------------------------------------------------------------

void note_thread_block() {
  const LedgerGuard guard;
  ledger.note_thread_block();
}

void wipe_guest_stack() {
  PageRun run{};
  for (uint64_t page = 0;; page = run.first + run.count) {
    {
      const LedgerGuard guard;
      run = ledger.accepted_stack_run(current_thread_block(), page);
    }
    if (run.count == 0) return;
    std::memset(pointer_to(guest_stack().begin + run.first * kPageSize), 0, run.count * kPageSize);
  }
}

// --- Faults --------------------------------------------------------------------------------------------------------

Verdict mend_page_fault(uint64_t address, uint64_t thread_block) {
  const LedgerGuard guard;
  const Judgement judgement = ledger.judge(address, thread_block);
  if (judgement.verdict != Verdict::accept) return judgement.verdict;
  for (uint64_t i = 0; i < judgement.pages; ++i) accept_page(judgement.first_address + i * kPageSize);
  ledger.note_accepted(judgement.first_address, judgement.pages);
  pages_accepted.fetch_add(judgement.pages, std::memory_order_relaxed);
  faults_mended.fetch_add(1, std::memory_order_relaxed);
  return Verdict::accept;
}

// --- Regions -------------------------------------------------------------------------------------------------------

AddressRange enclave_range() {
  return {.begin = enclave_base(), .end = enclave_base() + kImage.elrange_size};
}

AddressRange code_region() {
  const uint64_t begin = enclave_base() + kImage.code_offset;
  return {.begin = begin, .end = begin + kImage.code_size};
}

AddressRange guest_stack() {
  const uint64_t begin = current_thread_block() + kThreadBlock.guest_stack;
  return {.begin = begin, .end = begin + kImage.guest_stack_size};
}

// --- Linear memory -------------------------------------------------------------------------------------------------

Result<uint8_t*> reserve_memory_slot() {
  give_back_unused();
  for (;;) {
    uint64_t slot = 0;
    {
      const LedgerGuard guard;
      if (const auto fresh = ledger.reserve_slot()) return pointer_to(*fresh);
      const auto retired = ledger.take_retired_slot();
      if (!retired) break;
      slot = *retired;
    }
    if (empty_slot(slot)) return pointer_to(slot);
  }
  return fail(ErrorCode::limit, "no address space for another linear memory: an enclave holds at most " +
                                    decimal(kMemorySlots) + " at a time");
}

Result<void> open_linear(uint8_t* base, uint64_t old_size, uint64_t new_size) {
  const uint64_t slot = address_of(base);
  {
    const LedgerGuard guard;
    if (!ledger.owns_slot(slot) || ledger.slot_size(slot) != old_size || new_size < old_size ||
        !is_whole_pages(new_size)) {
      panic("open_linear: not a memory of this size");
    }
    if (new_size > kMaxMemory) return fail(ErrorCode::limit, "a linear memory of more than 4 GiB");
    if (!ledger.prepare_slot(slot, new_size))
      return fail(ErrorCode::out_of_memory, "no memory for the page ledger");
  }
  if (new_size == old_size) return {};
  give_back_unused();
  if (!hostcall::pages_open(offset_of(slot + old_size), new_size - old_size, kReadWrite))
    return host_refuses("a larger linear memory");
  const LedgerGuard guard;
  ledger.set_slot_size(slot, new_size);
  return {};
}

void release_memory_slot(uint8_t* base) {
  const LedgerGuard guard;
  if (!ledger.owns_slot(address_of(base))) panic("release_memory_slot: not a memory slot");
  ledger.retire_slot(address_of(base));
}

// --- Code ----------------------------------------------------------------------------------------------------------

Result<uint8_t*> map_code(std::span<const uint8_t> image, uint64_t code_size, uint64_t data_size) {
  if (image.size() != code_size + data_size || code_size == 0 || !is_whole_pages(code_size))
    panic("map_code: sizes do not agree");
  const uint64_t code_pages = code_size / kPageSize;
  const uint64_t pages = code_pages + (data_size + kPageSize - 1) / kPageSize;
  const std::optional<uint64_t> reserved = reserve_code(pages);
  if (!reserved) {
    return fail(ErrorCode::limit, "no room for the compiled code: all modules together may have 1 GiB");
  }
  const uint64_t address = *reserved;
  // The page tables let the copy in first and are tightened afterwards; what may be done in the enclave is
  // said by the EPCM, and there the pages are never writable.
  if (!hostcall::pages_open(offset_of(address), pages * kPageSize, kReadWrite)) {
    const LedgerGuard guard;
    ledger.release_code(address, pages);
    return host_refuses("pages for compiled code");
  }
  struct alignas(kPageSize) Page {
    std::array<uint8_t, kPageSize> bytes;
  };
  const auto staging = std::make_unique<Page>();
  for (uint64_t i = 0; i < pages; ++i) {
    const auto part =
        image.subspan(i * kPageSize, std::min<uint64_t>(kPageSize, image.size() - i * kPageSize));
    std::memcpy(staging->bytes.data(), part.data(), part.size());
    std::memset(staging->bytes.data() + part.size(), 0, kPageSize - part.size());
    accept_page_copy(address + i * kPageSize, staging->bytes.data(),
                     i < code_pages ? PageAccess::read_execute : PageAccess::read);
  }
  pages_accepted.fetch_add(pages, std::memory_order_relaxed);
  const bool code_open =
      hostcall::pages_open(offset_of(address), code_size, hostcall::kPageRead | hostcall::kPageExecute)
          .has_value();
  const bool data_open =
      pages == code_pages || hostcall::pages_open(offset_of(address) + code_size,
                                                  (pages - code_pages) * kPageSize, hostcall::kPageRead)
                                 .has_value();
  if (!code_open || !data_open)
    return host_refuses("to make the compiled code executable");  // its pages stay taken
  const LedgerGuard guard;
  ledger.note_code_mapped(address, pages);
  code_mappings.push_back({.address = address, .pages = pages});
  return pointer_to(address);
}

void unmap_code(uint8_t* address) {
  const LedgerGuard guard;
  const auto found = std::find_if(code_mappings.begin(), code_mappings.end(), [&](const CodeMapping& entry) {
    return entry.address == address_of(address);
  });
  if (found == code_mappings.end()) panic("unmap_code: nothing is mapped there");
  retired_code.push_back(*found);
  *found = code_mappings.back();
  code_mappings.pop_back();
}

PageStatistics page_statistics() {
  return {.accepted = pages_accepted.load(std::memory_order_relaxed),
          .faults = faults_mended.load(std::memory_order_relaxed)};
}

}  // namespace twine::enclave

#include "enclave/memory/ledger.h"

#include <algorithm>
#include <new>

#include "enclave/platform/platform.h"

namespace twine::enclave {

// --- PageBitmap ----------------------------------------------------------------------------------------------------

bool PageBitmap::prepare(uint64_t pages) {
  if (pages > kMaxPages) return false;
  const uint64_t chunks = (pages + kChunkPages - 1) / kChunkPages;
  for (uint64_t i = 0; i < chunks; ++i) {
    if (chunks_[i] != nullptr) continue;
    chunks_[i].reset(new (std::nothrow) Chunk{});
    if (chunks_[i] == nullptr) return false;
  }
  return true;
}

bool PageBitmap::test(uint64_t page) const {
  if (page >= kMaxPages) return false;
  const auto& chunk = chunks_[page / kChunkPages];
  return chunk != nullptr && (chunk->words[page % kChunkPages / 64] >> (page % 64) & 1) != 0;
}

void PageBitmap::set(uint64_t page) {
  chunks_[page / kChunkPages]->words[page % kChunkPages / 64] |= uint64_t{1} << (page % 64);
}

void PageBitmap::clear(uint64_t page) {
  chunks_[page / kChunkPages]->words[page % kChunkPages / 64] &= ~(uint64_t{1} << (page % 64));
}

PageRun choose_cluster(const PageBitmap& accepted, uint64_t page, uint64_t pages, Growth growth) {
  uint64_t before = 0;
  while (before < kMaxCluster && before < page && accepted.test(page - before - 1)) ++before;
  uint64_t after = 0;
  while (after < kMaxCluster && page + after + 1 < pages && accepted.test(page + after + 1)) ++after;

  const uint64_t want = std::max(std::max(before, after), kMinCluster);
  PageRun run{.first = page, .count = 1};
  if (growth == Growth::up ? before >= after : before > after) {
    while (run.count < want && page + run.count < pages && !accepted.test(page + run.count)) ++run.count;
  } else {
    while (run.count < want && run.first > 0 && !accepted.test(run.first - 1)) {
      --run.first;
      ++run.count;
    }
  }
  return run;
}

namespace {

// The first run of pages at or after `page`, and below `pages`, that are in the map.
PageRun next_run(const PageBitmap& map, uint64_t page, uint64_t pages) {
  while (page < pages && !map.test(page)) ++page;
  PageRun run{.first = page, .count = 0};
  while (page + run.count < pages && map.test(page + run.count)) ++run.count;
  return run;
}

}  // namespace

// --- Faults --------------------------------------------------------------------------------------------------------

void PageLedger::open(uint64_t enclave_base, uint64_t image_size) {
  base_ = enclave_base;
  threads_ = enclave_base + threads_offset(kImage, image_size);
  image_end_ = enclave_base + image_size;
  for (PageBitmap& stack : stacks_) {
    if (!stack.prepare(kStackPages)) panic("no memory for the page ledger");
  }
}

Judgement PageLedger::judge_thread_block(uint64_t address, uint64_t thread_block) const {
  const uint64_t thread = (address - threads_) / kThreadBlock.size;
  const uint64_t offset = (address - threads_) % kThreadBlock.size;
  const uint64_t stack = kThreadBlock.guest_stack;
  const bool own = thread_block == threads_ + thread * kThreadBlock.size;
  if (offset >= stack && offset < stack + kImage.guest_stack_size) {
    const uint64_t page = (offset - stack) / kPageSize;
    if (stacks_[thread].test(page)) return {.verdict = Verdict::in_order, .first_address = 0, .pages = 0};
    // A guest touches only its own stack; no address of it is ever passed on.
    if (!own) return {.verdict = Verdict::forbidden, .first_address = 0, .pages = 0};
    const PageRun run = choose_cluster(stacks_[thread], page, kStackPages, Growth::down);
    return {.verdict = Verdict::accept,
            .first_address = stack_address(thread) + run.first * kPageSize,
            .pages = run.count};
  }
  if (offset >= stack - kImage.guard_size && offset < stack) {
    return {.verdict = own ? Verdict::stack_guard : Verdict::forbidden, .first_address = 0, .pages = 0};
  }
  // TCS and guards are not for anyone; SSA, TLS and the other stacks are measured pages.
  const bool measured = (offset >= kThreadBlock.ssa && offset < kThreadBlock.tcb + kPageSize) ||
                        (offset >= kThreadBlock.exception_stack &&
                         offset < kThreadBlock.exception_stack + kImage.exception_stack_size) ||
                        (offset >= kThreadBlock.runtime_stack &&
                         offset < kThreadBlock.runtime_stack + kImage.runtime_stack_size);
  return {.verdict = measured ? Verdict::in_order : Verdict::forbidden, .first_address = 0, .pages = 0};
}

Judgement PageLedger::judge(uint64_t address, uint64_t thread_block) const {
  const auto answer = [](Verdict verdict) {
    return Judgement{.verdict = verdict, .first_address = 0, .pages = 0};
  };
  if (address < base_ || address - base_ >= kImage.elrange_size) return answer(Verdict::forbidden);
  const uint64_t offset = address - base_;

  if (offset >= kImage.wasm_offset) {
    const uint64_t index = slot_index(address);
    if (index >= kMemorySlots || slots_[index].state != SlotState::reserved)
      return answer(Verdict::forbidden);
    const Slot& slot = slots_[index];
    const uint64_t in_slot = address - slot_address(index);
    if (in_slot >= slot.size) return answer(Verdict::beyond_memory);
    const uint64_t page = in_slot / kPageSize;
    if (slot.accepted.test(page)) return answer(Verdict::in_order);
    const PageRun run = choose_cluster(slot.accepted, page, slot.size / kPageSize, Growth::up);
    return {.verdict = Verdict::accept,
            .first_address = slot_address(index) + run.first * kPageSize,
            .pages = run.count};
  }
  if (offset >= kImage.code_offset && offset < kImage.code_offset + kImage.code_size) {
    return answer(code_mapped_.test((offset - kImage.code_offset) / kPageSize) ? Verdict::in_order
                                                                               : Verdict::forbidden);
  }
  for (const HeapArea& area : heap_) {
    if (address >= area.begin && address < area.end) return answer(Verdict::in_order);
  }
  if (address >= threads_ && address < threads_ + threads_present_ * kThreadBlock.size)
    return judge_thread_block(address, thread_block);
  return answer(address < image_end_ ? Verdict::in_order : Verdict::forbidden);
}

void PageLedger::note_accepted(uint64_t first_address, uint64_t pages) {
  const uint64_t offset = first_address - base_;
  PageBitmap* bitmap = nullptr;
  uint64_t first = 0;
  if (offset >= kImage.wasm_offset) {
    bitmap = &slots_[slot_index(first_address)].accepted;
    slots_[slot_index(first_address)].accepted_pages += pages;
    first = (first_address - slot_address(slot_index(first_address))) / kPageSize;
  } else {
    const uint64_t thread = (first_address - threads_) / kThreadBlock.size;
    bitmap = &stacks_[thread];
    first = (first_address - stack_address(thread)) / kPageSize;
  }
  for (uint64_t i = 0; i < pages; ++i) {
    if (bitmap->test(first + i)) panic("the page ledger was about to accept a page twice");
    bitmap->set(first + i);
  }
}

void PageLedger::note_heap(uint64_t begin, uint64_t end) {
  for (HeapArea& area : heap_) {
    if (area.end == 0) area.begin = area.end = begin;
    if (area.end != begin) continue;
    area.end = end;
    return;
  }
  panic("the heap grows out of order");
}

void PageLedger::note_heap_removed(uint64_t begin, uint64_t end) {
  for (HeapArea& area : heap_) {
    if (area.end != end || area.begin > begin) continue;
    area.end = begin;
    return;
  }
  panic("the heap shrinks out of order");
}

// --- Linear memories -----------------------------------------------------------------------------------------------

std::optional<uint64_t> PageLedger::reserve_slot() {
  for (uint64_t tried = 0; tried < kMemorySlots; ++tried) {
    const uint64_t index = (next_slot_ + tried) % kMemorySlots;
    if (slots_[index].state != SlotState::free) continue;
    slots_[index].state = SlotState::reserved;
    slots_[index].size = 0;
    next_slot_ = index + 1;
    return slot_address(index);
  }
  return std::nullopt;
}

bool PageLedger::owns_slot(uint64_t address) const {
  if (address < slot_address(0)) return false;
  const uint64_t index = slot_index(address);
  return index < kMemorySlots && address == slot_address(index) && slots_[index].state == SlotState::reserved;
}

bool PageLedger::prepare_slot(uint64_t address, uint64_t size) {
  return slots_[slot_index(address)].accepted.prepare(size / kPageSize);
}

void PageLedger::set_slot_size(uint64_t address, uint64_t size) {
  slots_[slot_index(address)].size = size;
}

uint64_t PageLedger::slot_size(uint64_t address) const {
  return slots_[slot_index(address)].size;
}

PageRun PageLedger::accepted_run(uint64_t address, uint64_t page) const {
  const Slot& slot = slots_[slot_index(address)];
  return next_run(slot.accepted, page, slot.size / kPageSize);
}

PageRun PageLedger::accepted_stack_run(uint64_t thread_block, uint64_t page) const {
  return next_run(stacks_[(thread_block - threads_) / kThreadBlock.size], page, kStackPages);
}

void PageLedger::note_removed(uint64_t address, PageRun run) {
  Slot& slot = slots_[slot_index(address)];
  for (uint64_t i = 0; i < run.count; ++i) slot.accepted.clear(run.first + i);
  slot.accepted_pages -= run.count;
}

void PageLedger::retire_slot(uint64_t address) {
  Slot& slot = slots_[slot_index(address)];
  slot.state = SlotState::retired;
  retired_pages_ += slot.accepted_pages;
}

std::optional<uint64_t> PageLedger::take_retired_slot() {
  for (uint64_t index = 0; index < kMemorySlots; ++index) {
    if (slots_[index].state != SlotState::retired) continue;
    slots_[index].state = SlotState::reserved;
    retired_pages_ -= slots_[index].accepted_pages;
    return slot_address(index);
  }
  return std::nullopt;
}

void PageLedger::clear_slot(uint64_t address) {
  slots_[slot_index(address)].size = 0;
}

void PageLedger::free_slot(uint64_t address) {
  slots_[slot_index(address)].state = SlotState::free;
}

void PageLedger::lose_slot(uint64_t address) {
  slots_[slot_index(address)].state = SlotState::lost;
}

// --- Code ----------------------------------------------------------------------------------------------------------

std::optional<uint64_t> PageLedger::reserve_code(uint64_t pages) {
  if (pages == 0 || pages > kCodePages) return std::nullopt;
  const auto search = [&](uint64_t from, uint64_t to) -> std::optional<uint64_t> {
    uint64_t run = 0;
    for (uint64_t page = from; page < to; ++page) {
      run = code_reserved_.test(page) ? 0 : run + 1;
      if (run == pages) return page + 1 - pages;
    }
    return std::nullopt;
  };
  auto first = search(next_code_page_, kCodePages);
  if (!first) first = search(0, kCodePages);
  if (!first || !code_reserved_.prepare(*first + pages) || !code_mapped_.prepare(*first + pages))
    return std::nullopt;
  for (uint64_t i = 0; i < pages; ++i) code_reserved_.set(*first + i);
  next_code_page_ = *first + pages;
  return base_ + kImage.code_offset + *first * kPageSize;
}

void PageLedger::note_code_mapped(uint64_t address, uint64_t pages) {
  const uint64_t first = (address - base_ - kImage.code_offset) / kPageSize;
  for (uint64_t i = 0; i < pages; ++i) code_mapped_.set(first + i);
}

void PageLedger::release_code(uint64_t address, uint64_t pages) {
  const uint64_t first = (address - base_ - kImage.code_offset) / kPageSize;
  for (uint64_t i = 0; i < pages; ++i) {
    code_mapped_.clear(first + i);
    code_reserved_.clear(first + i);
  }
}

}  // namespace twine::enclave

#include "enclave/memory/heap.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "enclave/platform/platform.h"

namespace twine::enclave {
namespace {

constexpr uint64_t round_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

constexpr uint32_t units_for(size_t size) {
  return static_cast<uint32_t>(round_up(size, Heap::kUnitSize) / Heap::kUnitSize);
}

// Block sizes: 16, 32, 48, 64, then four for each doubling up to 2,048 bytes.
constexpr size_t class_size(size_t size_class) {
  if (size_class < 4) return (size_class + 1) * 16;
  const size_t doubling = (size_class - 4) / 4;
  const size_t step = (size_class - 4) % 4;
  return (size_t{64} << doubling) + (step + 1) * (size_t{16} << doubling);
}

constexpr size_t class_of(size_t size) {
  if (size <= 64) return size == 0 ? 0 : (size - 1) / 16;
  const auto doubling = static_cast<size_t>(std::bit_width(size - 1)) - 7;  // 65…128: 0
  return 4 + doubling * 4 + (size - 1 - (size_t{64} << doubling)) / (size_t{16} << doubling);
}

constexpr size_t kLastClass = class_of(Heap::kLargestClass);
static_assert(class_size(kLastClass) == Heap::kLargestClass && kLastClass < Heap::kClasses);
static_assert(class_size(class_of(65)) == 80 && class_of(80) + 1 == class_of(81) &&
              class_size(class_of(128)) == 128 && class_size(class_of(129)) == 160);

constexpr uint32_t slab_units(size_t size_class) {
  return class_size(size_class) <= 256 ? 1 : 4;
}
constexpr uint32_t slab_blocks(size_t size_class) {
  return static_cast<uint32_t>(slab_units(size_class) * Heap::kUnitSize / class_size(size_class));
}
static_assert(slab_blocks(0) == 256, "a bit for each in Unit::taken");

uint32_t bin_of(uint32_t units) {
  return static_cast<uint32_t>(std::bit_width(units)) - 1;
}

}  // namespace

void Heap::open(uint64_t begin, uint64_t size, Back back) {
  begin_ = begin;
  back_ = back;
  // Each table page comes with the pages it describes.
  units_ = static_cast<uint32_t>(size / (kGrowth + kUnitSize) * kUnitsPerTablePage);
  pages_ = begin + units_ / kUnitsPerTablePage * kUnitSize;
}

Heap::Unit& Heap::unit(uint32_t index) const {
  if (index >= backed_) panic("the heap's bookkeeping is damaged");
  return *std::bit_cast<Unit*>(begin_ + index * sizeof(Unit));
}

uint32_t Heap::index_of(const void* block) const {
  const auto address = reinterpret_cast<uint64_t>(block);
  if (address < pages_ || address >= address_of(backed_)) panic("free() of an address outside the heap");
  return static_cast<uint32_t>((address - pages_) / kUnitSize);
}

void Heap::push(List& list, uint32_t index) {
  Unit& entry = unit(index);
  entry.next = list.head;
  entry.previous = kNone;
  if (list.head != kNone) unit(list.head).previous = index;
  list.head = index;
}

void Heap::remove(List& list, uint32_t index) {
  const Unit& entry = unit(index);
  if (entry.next != kNone) unit(entry.next).previous = entry.previous;
  if (entry.previous != kNone) {
    unit(entry.previous).next = entry.next;
  } else {
    list.head = entry.next;
  }
}

// --- Runs ----------------------------------------------------------------------------------------------------------

void Heap::mark_free(uint32_t first, uint32_t units) {
  Unit& head = unit(first);
  Unit& tail = unit(first + units - 1);
  head.kind = tail.kind = Kind::free;
  head.length = tail.length = units;
  push(runs_[bin_of(units)], first);
}

void Heap::give_run(uint32_t first, uint32_t units) {
  unit(first).kind =
      Kind::run_rest;  // when it is joined to the run before, it must not look like the start of a live run
  if (first + units < backed_ && unit(first + units).kind == Kind::free) {
    const uint32_t after = unit(first + units).length;
    remove(runs_[bin_of(after)], first + units);
    units += after;
  }
  if (first > 0 && unit(first - 1).kind == Kind::free) {
    const uint32_t before = unit(first - 1).length;
    first -= before;
    remove(runs_[bin_of(before)], first);
    units += before;
  }
  mark_free(first, units);
}

// Backs at least `units` more, in whole table pages.
bool Heap::grow(uint32_t units) {
  const auto more = static_cast<uint32_t>(round_up(units, kUnitsPerTablePage));
  if (more > units_ - backed_) return false;
  const uint64_t table_pages = more / kUnitsPerTablePage;
  if (!back_(begin_ + backed_ / kUnitsPerTablePage * kUnitSize, table_pages * kUnitSize)) return false;
  if (!back_(address_of(backed_), more * kUnitSize)) return false;
  const uint32_t first = backed_;
  backed_ += more;
  give_run(first, more);
  return true;
}

uint32_t Heap::free_at_end() const {
  return backed_ != 0 && unit(backed_ - 1).kind == Kind::free ? unit(backed_ - 1).length : 0;
}

void Heap::trim(GiveBack give_back) {
  const SpinGuard guard(lock_);
  const uint32_t length = free_at_end();
  if (length < kTrimFrom) return;
  const uint32_t first = backed_ - length;
  const auto kept = static_cast<uint32_t>(round_up(first + kTrimTo, kUnitsPerTablePage));
  remove(runs_[bin_of(length)], first);
  mark_free(first, kept - first);
  // The table's pages that describe nothing any more go as well.
  const uint64_t table = begin_ + kept / kUnitsPerTablePage * kUnitSize;
  const uint64_t table_end = begin_ + backed_ / kUnitsPerTablePage * kUnitSize;
  give_back(address_of(kept), address_of(backed_) - address_of(kept));
  give_back(table, table_end - table);
  backed_ = kept;
}

uint32_t Heap::take_run(uint32_t units, Kind kind) {
  const auto search = [&]() -> uint32_t {
    for (uint32_t bin = bin_of(units); bin < runs_.size(); ++bin) {
      for (uint32_t index = runs_[bin].head; index != kNone; index = unit(index).next) {
        if (unit(index).length >= units) return index;
      }
    }
    return kNone;
  };
  uint32_t first = search();
  if (first == kNone) {
    if (!grow(units - free_at_end())) return kNone;  // what is added joins what is free there
    first = search();
  }
  const uint32_t length = unit(first).length;
  remove(runs_[bin_of(length)], first);
  if (length > units) mark_free(first + units, length - units);
  unit(first + units - 1).kind = Kind::run_rest;  // its neighbour must not take it for the end of a free run
  unit(first).kind = kind;
  unit(first).length = units;
  if (kind == Kind::slab) {
    for (uint32_t i = 1; i < units; ++i) {
      unit(first + i).kind = Kind::slab_rest;
      unit(first + i).length = i;
    }
  }
  used_ += units * kUnitSize;
  return first;
}

// --- Slabs ---------------------------------------------------------------------------------------------------------

void* Heap::allocate_small(size_t size_class) {
  List& list = slabs_[size_class];
  if (list.head == kNone) {
    const uint32_t first = take_run(slab_units(size_class), Kind::slab);
    if (first == kNone) return nullptr;
    Unit& slab = unit(first);
    slab.size_class = static_cast<uint8_t>(size_class);
    slab.live = 0;
    slab.taken = {};
    push(list, first);
  }
  const uint32_t first = list.head;
  Unit& slab = unit(first);
  for (uint32_t word = 0; word < slab.taken.size(); ++word) {
    const auto bit = static_cast<uint32_t>(std::countr_one(slab.taken[word]));
    const uint32_t slot = word * 64 + bit;
    if (bit == 64) continue;
    if (slot >= slab_blocks(size_class)) break;
    slab.taken[word] |= uint64_t{1} << bit;
    if (++slab.live == slab_blocks(size_class)) remove(list, first);
    return std::bit_cast<void*>(address_of(first) + slot * class_size(size_class));
  }
  panic("the heap's bookkeeping is damaged");
}

Heap::Place Heap::find(const void* block) {
  uint32_t first = index_of(block);
  if (unit(first).kind == Kind::slab_rest) first -= unit(first).length;
  const Unit& head = unit(first);
  const uint64_t offset = reinterpret_cast<uint64_t>(block) - address_of(first);
  if (head.kind == Kind::run && offset == 0) return {.first = first, .slot = 0};
  if (head.kind == Kind::slab) {
    const size_t size = class_size(head.size_class);
    const auto slot = static_cast<uint32_t>(offset / size);
    if (offset % size == 0 && slot < slab_blocks(head.size_class) &&
        (head.taken[slot / 64] >> (slot % 64) & 1) != 0) {
      return {.first = first, .slot = slot};
    }
  }
  panic("free() of something that is not a live block of the heap");
}

// --- The interface -------------------------------------------------------------------------------------------------

void* Heap::allocate_locked(size_t size, size_t alignment) {
  if (alignment <= kMinAlignment && size <= kLargestClass) return allocate_small(class_of(size));
  if (alignment > kUnitSize || size > uint64_t{units_} * kUnitSize) return nullptr;
  const uint32_t first = take_run(units_for(std::max<size_t>(size, 1)), Kind::run);
  return first == kNone ? nullptr : std::bit_cast<void*>(address_of(first));
}

void Heap::free_locked(void* block) {
  const Place place = find(block);
  Unit& head = unit(place.first);
  if (head.kind == Kind::slab) {
    const uint32_t blocks = slab_blocks(head.size_class);
    head.taken[place.slot / 64] &= ~(uint64_t{1} << (place.slot % 64));
    if (head.live == blocks) push(slabs_[head.size_class], place.first);
    if (--head.live != 0) return;
    remove(slabs_[head.size_class], place.first);
  }
  used_ -= head.length * kUnitSize;
  give_run(place.first, head.length);
}

size_t Heap::usable_size_locked(const void* block) {
  const Place place = find(block);
  const Unit& head = unit(place.first);
  return head.kind == Kind::slab ? class_size(head.size_class) : head.length * kUnitSize;
}

void* Heap::allocate(size_t size, size_t alignment) {
  const SpinGuard guard(lock_);
  return allocate_locked(size, alignment);
}

void Heap::free(void* block) {
  if (block == nullptr) return;
  const SpinGuard guard(lock_);
  free_locked(block);
}

size_t Heap::usable_size(const void* block) {
  const SpinGuard guard(lock_);
  return usable_size_locked(block);
}

void* Heap::reallocate(void* block, size_t size) {
  if (block == nullptr) return allocate(size);
  const SpinGuard guard(lock_);
  const size_t old = usable_size_locked(block);
  if (size <= old && size >= old / 2) return block;
  void* moved = allocate_locked(size, kMinAlignment);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old, size));
  free_locked(block);
  return moved;
}

Heap::Statistics Heap::statistics() {
  const SpinGuard guard(lock_);
  return {.backed = backed_ * kUnitSize, .used = used_};
}

}  // namespace twine::enclave

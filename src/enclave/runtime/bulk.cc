// Bulk operations, bounds first.
#include "enclave/runtime/bulk.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "enclave/memory/pages.h"

namespace twine::enclave {
namespace {

// Whether [begin, begin + count) lies in [0, size). 32-bit numbers in 64 bits: the sum cannot wrap.
bool in_bounds(uint64_t begin, uint64_t count, uint64_t size) {
  return begin + count <= size;
}

constexpr std::unexpected out_of_memory_bounds(abi::TrapKind::out_of_bounds_memory_access);
constexpr std::unexpected out_of_table_bounds(abi::TrapKind::out_of_bounds_table_access);

uint64_t size_of(const MemoryInstance& memory) {
  // atomic_ref wants a mutable object; this is a load all the same.
  auto& size = const_cast<uint64_t&>(memory.descriptor.size_bytes);
  return std::atomic_ref(size).load(std::memory_order_acquire);
}

}  // namespace

TrapOr memory_copy(MemoryInstance& to, const MemoryInstance& from, uint32_t to_address, uint32_t from_address,
                   uint32_t size) {
  if (!in_bounds(to_address, size, size_of(to)) || !in_bounds(from_address, size, size_of(from))) {
    return out_of_memory_bounds;
  }
  if (size != 0) std::memmove(to.descriptor.base + to_address, from.descriptor.base + from_address, size);
  return {};
}

TrapOr memory_fill(MemoryInstance& memory, uint32_t address, uint8_t value, uint32_t size) {
  if (!in_bounds(address, size, size_of(memory))) return out_of_memory_bounds;
  if (size != 0) std::memset(memory.descriptor.base + address, value, size);
  return {};
}

TrapOr memory_init(MemoryInstance& memory, std::span<const uint8_t> segment, uint32_t address, uint32_t from,
                   uint32_t size) {
  if (!in_bounds(from, size, segment.size()) || !in_bounds(address, size, size_of(memory)))
    return out_of_memory_bounds;
  if (size != 0) std::memcpy(memory.descriptor.base + address, segment.data() + from, size);
  return {};
}

uint32_t memory_grow(MemoryInstance& memory, uint32_t delta) {
  constexpr uint32_t refused = UINT32_MAX;
  const uint64_t old_size = size_of(memory);
  const uint64_t growth = uint64_t{delta} * wasm::page_size;
  if (growth > memory.descriptor.max_bytes - old_size) return refused;
  if (growth != 0) {
    if (!open_linear(memory.descriptor.base, old_size, old_size + growth)) return refused;
    std::atomic_ref(memory.descriptor.size_bytes).store(old_size + growth, std::memory_order_release);
  }
  return static_cast<uint32_t>(old_size / wasm::page_size);
}

TrapOr table_copy(TableInstance& to, TableInstance& from, uint32_t to_index, uint32_t from_index,
                  uint32_t count) {
  if (!in_bounds(to_index, count, to.descriptor.size) ||
      !in_bounds(from_index, count, from.descriptor.size)) {
    return out_of_table_bounds;
  }
  if (count != 0) {
    std::memmove(to.descriptor.elements + to_index, from.descriptor.elements + from_index,
                 count * sizeof(uint64_t));
  }
  return {};
}

TrapOr table_fill(TableInstance& table, uint32_t index, uint64_t reference, uint32_t count) {
  if (!in_bounds(index, count, table.descriptor.size)) return out_of_table_bounds;
  std::ranges::fill(table.elements().subspan(index, count), reference);
  return {};
}

TrapOr table_init(TableInstance& table, std::span<const uint64_t> segment, uint32_t index, uint32_t from,
                  uint32_t count) {
  if (!in_bounds(from, count, segment.size()) || !in_bounds(index, count, table.descriptor.size)) {
    return out_of_table_bounds;
  }
  std::ranges::copy(segment.subspan(from, count), table.elements().subspan(index, count).begin());
  return {};
}

}  // namespace twine::enclave

// The bulk operations on memories and tables (core specification 2.0, 4.4.6 and 4.4.7), for compiled code and
// for instantiation.
//
// Each checks its whole range before it changes anything, and yields the trap if it is out of bounds.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "common/abi.h"
#include "enclave/runtime/instance.h"

namespace twine::enclave {

using TrapOr = std::expected<void, abi::TrapKind>;

TrapOr memory_copy(MemoryInstance& to, const MemoryInstance& from, uint32_t to_address, uint32_t from_address,
                   uint32_t size);
TrapOr memory_fill(MemoryInstance& memory, uint32_t address, uint8_t value, uint32_t size);
TrapOr memory_init(MemoryInstance& memory, std::span<const uint8_t> segment, uint32_t address, uint32_t from,
                   uint32_t size);

// Grows by `delta` pages. The old size in pages; -1 where a limit or the host forbids it.
uint32_t memory_grow(MemoryInstance& memory, uint32_t delta);

TrapOr table_copy(TableInstance& to, TableInstance& from, uint32_t to_index, uint32_t from_index,
                  uint32_t count);
TrapOr table_fill(TableInstance& table, uint32_t index, uint64_t reference, uint32_t count);
TrapOr table_init(TableInstance& table, std::span<const uint64_t> segment, uint32_t index, uint32_t from,
                  uint32_t count);

}  // namespace twine::enclave

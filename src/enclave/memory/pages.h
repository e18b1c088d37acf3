// The enclave's dynamic pages: linear memories, compiled code, guest stacks, heap.
//
// The host adds pages (EAUG) and this side accepts them (EACCEPT, EACCEPTCOPY); which ones were accepted
// stands in a private ledger, so that the host can neither slip in a page twice nor take one away unseen.
// Pages of linear memories and guest stacks are accepted on first touch, in the #PF path, a cluster at a
// time; code when it is mapped; heap when the heap grows.
//
// Addresses are absolute; sizes are bytes and multiples of kPageSize.
#pragma once

#include <cstdint>
#include <span>

#include "common/image_layout.h"
#include "common/result.h"

namespace twine::enclave {

struct AddressRange {
  uint64_t begin;
  uint64_t end;
  [[nodiscard]] constexpr bool contains(uint64_t address) const { return address >= begin && address < end; }
};

// ELRANGE; where compiled code may lie; and this thread's guest stack (begin = lowest usable address).
[[nodiscard]] AddressRange enclave_range();
[[nodiscard]] AddressRange code_region();
[[nodiscard]] AddressRange guest_stack();

// --- Linear memory -------------------------------------------------------------------------------------------------

// Reserves a slot of kMemorySlotSize bytes and a guard, of which nothing can be accessed. Errors: limit, when
// all are taken.
[[nodiscard]] Result<uint8_t*> reserve_memory_slot();

// Grows the memory at slot `base` from `old_size` to `new_size` bytes, in place: [0, new_size) reads as zero
// where it was never written. The caller keeps two threads from growing one memory at a time. Costs one host
// call, whatever the size; pages come on first touch. Errors: limit beyond 4 GiB, out_of_memory when the host
// refuses.
[[nodiscard]] Result<void> open_linear(uint8_t* base, uint64_t old_size, uint64_t new_size);

// Gives the slot back; nothing may refer to it any more. Its pages go (TRIM, EACCEPT, removal) when the slot is
// needed, or when the enclave next asks for memory and more than 64 MiB of such pages have gathered.
void release_memory_slot(uint8_t* base);

// --- Code ----------------------------------------------------------------------------------------------------------

// Maps `code_size` bytes of machine code R|X and the `data_size` bytes of data that follow in `image` R, at
// an address of the code region. `image.size()` is code_size + data_size; code_size is a multiple of
// kPageSize. No page is ever writable and executable. Errors: limit when the region is full, out_of_memory
// when the host refuses.
[[nodiscard]] Result<uint8_t*> map_code(std::span<const uint8_t> image, uint64_t code_size,
                                        uint64_t data_size);

// Gives back what map_code put at `address`; no thread may be running in it. Its pages go when the space is
// needed.
void unmap_code(uint8_t* address);

// --- Statistics ----------------------------------------------------------------------------------------------------

struct PageStatistics {
  uint64_t accepted;  // pages accepted since start
  uint64_t faults;    // #PF that accepted at least one page
};
[[nodiscard]] PageStatistics page_statistics();

}  // namespace twine::enclave

// Where everything lies inside the enclave's address range (ELRANGE).
//
// The image carries an ImageNote in an ELF note; the loader (host/image) and the enclave derive every address from it with
// the functions below, so there is one description of the layout and no number is told twice. All offsets are from the
// enclave base; all sizes are bytes and multiples of the page size.
//
//   offset            what                                              pages exist
//   0                 the ELF image (text, rodata, data, bss)           EADDed, measured
//   threads_offset    tcs_count thread blocks, thread_block_size each   EADDed, measured, except the guest stack
//                     more of them, which the enclave adds              EAUGed; their TCS by EMODT
//   heap_offset       the runtime's heap                                EAUGed on first touch
//   code_offset       compiled guest code, within 2 GiB of the image    EAUGed, filled by EACCEPTCOPY
//   wasm_offset       linear-memory slots, kMemorySlotStride apart      EAUGed on first touch
//
// A thread block, from its start (offsets relative to the block; the TCS address arrives in RBX at EENTER, so entry code
// finds the rest without trusting the host):
//
//   0                 TCS                     OSSA = +1 page, OFSBASE = OGSBASE = the TCB page, OENTRY = the ELF entry point
//   1 page            SSA, nssa frames of ssa_frame_pages
//   tls               one page of static TLS (below FS), then the TCB page (FS points to its start)
//   guard             not mapped
//   exception stack   used by the handler that is entered with CSSA > 0
//   guard
//   runtime stack     the enclave's own C++ code
//   guard             guest stack overflow faults here
//   guest stack       compiled Wasm code; EAUGed on first touch
//   guard
#pragma once

#include <cstdint>

namespace twine {

inline constexpr uint64_t kPageSize = 4096;

// ELF note: name "Twine\0", type 1, this descriptor. Little-endian.
struct ImageNote {
  uint32_t version;          // 1
  uint32_t tcs_count;        // thread blocks
  uint32_t nssa;             // SSA frames a thread; 3: guest fault, fault inside its handler, one spare
  uint32_t ssa_frame_pages;  // TCS-independent: SECS.SSAFRAMESIZE
  uint64_t elrange_size;     // power of two; 2^38
  uint64_t exception_stack_size;
  uint64_t runtime_stack_size;
  uint64_t guest_stack_size;
  uint64_t guard_size;
  uint64_t heap_offset;
  uint64_t heap_size;
  uint64_t code_offset;
  uint64_t code_size;
  uint64_t wasm_offset;
  uint64_t wasm_size;
  uint16_t isv_prod_id;
  uint16_t isv_svn;
  uint32_t reserved;  // 0
};
static_assert(sizeof(ImageNote) == 112);
inline constexpr uint32_t kImageNoteVersion = 1;
inline constexpr uint32_t kImageNoteType = 1;
inline constexpr char kImageNoteName[] = "Twine";

// A wasm32 access reaches at most 2^32 - 1 (index) + 2^32 - 1 (offset) + 16 bytes past the base: 8 GiB and a
// guard, so that no access starting in one slot can touch the next.
inline constexpr uint64_t kMemorySlotSize = uint64_t{8} << 30;
inline constexpr uint64_t kMemorySlotStride = kMemorySlotSize + (uint64_t{64} << 10);

// Offsets inside one thread block, and its size.
struct ThreadBlockLayout {
  uint64_t ssa;
  uint64_t tls;              // page of static TLS
  uint64_t tcb;              // FS base
  uint64_t exception_stack;  // lowest address of each stack; stacks grow down from + size
  uint64_t runtime_stack;
  uint64_t guest_stack;
  uint64_t size;  // stride of the blocks
};

constexpr ThreadBlockLayout thread_block_layout(const ImageNote& note) {
  ThreadBlockLayout layout{};
  layout.ssa = kPageSize;
  layout.tls = layout.ssa + uint64_t{note.nssa} * note.ssa_frame_pages * kPageSize;
  layout.tcb = layout.tls + kPageSize;
  layout.exception_stack = layout.tcb + kPageSize + note.guard_size;
  layout.runtime_stack = layout.exception_stack + note.exception_stack_size + note.guard_size;
  layout.guest_stack = layout.runtime_stack + note.runtime_stack_size + note.guard_size;
  layout.size = layout.guest_stack + note.guest_stack_size + note.guard_size;
  return layout;
}

// Offset of the first thread block: the end of the image (its last PT_LOAD), plus a guard, at a 64 KiB
// boundary.
constexpr uint64_t threads_offset(const ImageNote& note, uint64_t image_end) {
  const uint64_t alignment = uint64_t{64} << 10;
  return (image_end + note.guard_size + alignment - 1) / alignment * alignment;
}

}  // namespace twine

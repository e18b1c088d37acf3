// The layout of this image, as numbers: what the note says to the loader and what the enclave's own code
// computes with. common/image_layout.h says what each part is.
#pragma once

#include <cstdint>

#include "common/image_layout.h"

// From the build (src/enclave/CMakeLists.txt). Where the enclave's modules are tested as a plain process nothing is signed.
#ifndef TWINE_ISVSVN
#define TWINE_ISVSVN 1
#endif

namespace twine::enclave {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

// The image may grow to this; the code region ends where its last byte still reaches the image's first with a
// 32-bit displacement.
inline constexpr uint64_t kMaxImageSize = 2 * kMiB;

inline constexpr ImageNote kImage = {
    .version = kImageNoteVersion,
    .tcs_count = 2,  // the enclave adds more when these are taken
    .nssa = 3,
    .ssa_frame_pages = 1,  // 2,696 bytes of XSAVE area (AVX-512, PKRU), EXINFO and GPRSGX; checked at start
    .elrange_size = 256 * kGiB,
    .exception_stack_size = 64 * kKiB,
    .runtime_stack_size = 512 * kKiB,
    .guest_stack_size = 8 * kMiB,
    .guard_size = 1 * kMiB,
    .heap_offset = 256 * kMiB,
    .heap_size = 768 * kMiB,
    .code_offset = 1 * kGiB,
    .code_size = 1 * kGiB - kMaxImageSize,
    .wasm_offset = 8 * kGiB,
    .wasm_size = 248 * kGiB,
    .isv_prod_id = 1,
    .isv_svn = TWINE_ISVSVN,
    .reserved = 0,
};
inline constexpr ThreadBlockLayout kThreadBlock = thread_block_layout(kImage);

// A fault in the handler is handled on the top of the exception stack, the handler itself runs below, next to
// the guard.
inline constexpr uint64_t kNestedStackSize = 16 * kKiB;

inline constexpr uint64_t kMemorySlots = kImage.wasm_size / kMemorySlotStride;

// Thread blocks that the enclave may have: those of the image, and those it adds.
inline constexpr uint32_t kMaxThreads = 16;
static_assert(kImage.tcs_count <= kMaxThreads);

static_assert(threads_offset(kImage, kMaxImageSize) + kMaxThreads * kThreadBlock.size <= kImage.heap_offset);
static_assert(kImage.heap_offset + kImage.heap_size <= kImage.code_offset);
static_assert(kImage.code_offset + kImage.code_size <= 2 * kGiB);
static_assert(kImage.wasm_offset + kImage.wasm_size <= kImage.elrange_size);

}  // namespace twine::enclave

// DWARF call-frame information (.debug_frame; DWARF 5, section 6.4) for code without frame pointers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace twine::host::debug {

// From `address` on, up to the next row, the frame begins at RSP + cfa; kNoFrame: it cannot be unwound there.
struct FrameRow {
  uint64_t address;
  uint32_t cfa;
};
inline constexpr uint32_t kNoFrame = 0xffff'ffff;

// Rows in ascending order; the last one reaches to `end`. The return address lies below the canonical frame address. Callee-saved
// registers are not told: a debugger shows those of the innermost frame.
std::vector<uint8_t> make_debug_frame(std::span<const FrameRow> rows, uint64_t end);

// Adds `base` to the addresses in the frame information of an image linked at 0. Functions that the linker dropped (address 0) stay
// where nothing is. Stops where the bytes are not 64-bit .debug_frame.
std::vector<uint8_t> relocate_debug_frame(std::span<const uint8_t> frames, uint64_t base);

}  // namespace twine::host::debug

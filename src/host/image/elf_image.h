// Reads the enclave's ELF file: a static position-independent executable with one Twine note.
//
// What is accepted, and nothing else (System V gABI, x86-64 psABI):
//
//   ELF header     ELFCLASS64, little-endian, version 1, ET_DYN, EM_X86_64, program headers of 56 bytes
//   PT_LOAD        at least one; ascending and apart; p_vaddr page-aligned, the first at 0; contents inside
//   the file;
//                  readable, and never both writable and executable
//   PT_INTERP      none: nobody loads libraries into an enclave
//   PT_DYNAMIC     at most one; no DT_NEEDED, no DT_TEXTREL; relocations only R_X86_64_RELATIVE, each inside
//   a writable segment PT_NOTE        exactly one note named "Twine" of type 1, whose descriptor is an
//   ImageNote (common/image_layout.h) e_entry        inside an executable segment
//
// Only program headers are read; section headers are for people and for gdb, and are not measured.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/image_layout.h"
#include "common/result.h"

namespace twine::image {

// An enclave image is at most this long as a file, so that a wrong path does not fill memory.
inline constexpr uint64_t kMaxImageFileSize = uint64_t{256} << 20;

// Pages that are added when the enclave is built (image and thread blocks) span at most this.
inline constexpr uint64_t kMaxAddedSize = uint64_t{1} << 30;

struct Segment {
  uint64_t offset = 0;       // from the enclave's base; page-aligned
  uint64_t memory_size = 0;  // bytes, not rounded; those beyond the contents are zero
  bool writable = false;
  bool executable = false;
  std::span<const uint8_t> contents;  // of the file that was parsed
};

// Views into the bytes that were parsed; valid as long as they are.
struct ElfImage {
  ImageNote note{};
  uint64_t entry = 0;  // offset from the enclave's base
  uint64_t end = 0;    // end of the last segment, rounded up to a page
  std::vector<Segment> segments;
};

// Errors: malformed (not such an ELF file, naming the field), unsupported (a note of another version).
Result<ElfImage> parse_elf_image(std::span<const uint8_t> file);

// Whether the layout can be: counts and sizes in bounds, all page-aligned, regions ascending, apart and
// inside ELRANGE, for an image that ends at `image_end`. Errors: malformed, unsupported.
Result<void> check_note(const ImageNote& note, uint64_t image_end);

// Whether a file starts like an ELF file; for `twine inspect`.
bool looks_like_elf(std::span<const uint8_t> file);

}  // namespace twine::image

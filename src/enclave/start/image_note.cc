// The ELF note by which the loader learns the layout (common/image_layout.h).
#include <array>
#include <cstddef>
#include <cstdint>

#include "enclave/start/layout.h"

namespace twine::enclave {
namespace {

struct Note {
  uint32_t name_size;
  uint32_t descriptor_size;
  uint32_t type;
  std::array<char, 8> name;  // padded to 4 bytes, as the gABI has it
  uint32_t descriptor[sizeof(ImageNote) / sizeof(uint32_t)];
};
static_assert(sizeof(kImageNoteName) == 6);

constexpr Note make_note() {
  Note note{};
  note.name_size = sizeof(kImageNoteName);
  note.descriptor_size = sizeof(ImageNote);
  note.type = kImageNoteType;
  for (size_t i = 0; i < sizeof(kImageNoteName); ++i) note.name[i] = kImageNoteName[i];
  struct Words {
    uint32_t words[sizeof(ImageNote) / sizeof(uint32_t)];
  };
  const auto words = __builtin_bit_cast(Words, kImage);
  for (size_t i = 0; i < sizeof(ImageNote) / sizeof(uint32_t); ++i) note.descriptor[i] = words.words[i];
  return note;
}

// A note's descriptor is only 4-byte aligned, hence words.
[[gnu::section(".note.twine"), gnu::used, gnu::retain]] constinit const Note image_note = make_note();

}  // namespace
}  // namespace twine::enclave

// The enclave's ELF file and SIGSTRUCTs: any bytes are an image, a SIGSTRUCT or an error.
//
// The first byte of an input chooses: odd, the rest is the file; even, the rest is changes to a valid image,
// three bytes each (offset in its first 64 KiB, new value), which gets behind the checks of the ELF header at
// once.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "host/image/enclave_image.h"
#include "host/image/lint.h"
#include "host/image/sigstruct.h"
#include "unit/image_builder.h"

namespace {

void try_file(std::span<const uint8_t> bytes) {
  if (const auto elf = twine::image::parse_elf_image(bytes)) {
    // What was accepted can be laid out: segments ascend, are apart, and lie below the heap.
    uint64_t end = 0;
    for (const twine::image::Segment& segment : elf->segments) {
      if (segment.offset < end || segment.contents.size() > segment.memory_size) std::abort();
      end = segment.offset + segment.memory_size;
    }
    if (end > elf->end || elf->end > elf->note.heap_offset) std::abort();
    static_cast<void>(twine::image::lint_image(bytes, {}));
    const bool small = elf->note.tcs_count * twine::thread_block_layout(elf->note).guest_stack < 16 << 20;
    if (elf->end < 16 << 20 && small) static_cast<void>(twine::image::EnclaveImage::from_elf(bytes));
  }
  if (const auto sigstruct = twine::image::parse_sigstruct(bytes)) {
    static_cast<void>(twine::image::verify_sigstruct(*sigstruct));
  }
  static_cast<void>(twine::image::from_to_be_signed(bytes));
  static_cast<void>(twine::image::parse_allowed_instructions(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "list"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  if (data[0] % 2 == 1) {
    try_file(rest);
    return 0;
  }
  static const std::vector<uint8_t> valid = twine::image::test::Builder().build();
  std::vector<uint8_t> changed = valid;
  for (size_t i = 0; i + 3 <= rest.size(); i += 3) {
    const size_t at = rest[i] | size_t{rest[i + 1]} << 8;
    if (at < changed.size()) changed[at] = rest[i + 2];
  }
  try_file(changed);
  return 0;
}

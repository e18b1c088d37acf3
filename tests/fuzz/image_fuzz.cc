// The enclave's ELF file and SIGSTRUCTs: any bytes are an image, a SIGSTRUCT or an error.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/image/enclave_image.h"
#include "host/image/sigstruct.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  if (const auto elf = twine::image::parse_elf_image(bytes)) {
    // What was accepted can be laid out: segments ascend, are apart, and lie below the heap.
    uint64_t end = 0;
    for (const twine::image::Segment& segment : elf->segments) {
      if (segment.offset < end || segment.contents.size() > segment.memory_size) std::abort();
      end = segment.offset + segment.memory_size;
    }
    if (end > elf->end || elf->end > elf->note.heap_offset) std::abort();
    if (elf->end < uint64_t{1} << 24) static_cast<void>(twine::image::EnclaveImage::from_elf(bytes));
  }
  if (const auto sigstruct = twine::image::parse_sigstruct(bytes)) {
    static_cast<void>(twine::image::verify_sigstruct(*sigstruct));
  }
  static_cast<void>(twine::image::from_to_be_signed(bytes));
  return 0;
}

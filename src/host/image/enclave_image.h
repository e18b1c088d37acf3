// An enclave as pages: what an ELF image and its note become, before any driver is asked.
//
// The pages, ascending; every one is measured with its contents (common/image_layout.h draws the same from
// the enclave's side):
//
//   pages of                      SECINFO           contents
//   each PT_LOAD segment          REG, R and W or X the file's, then zero
//   then for each thread block
//     TCS                         TCS               OSSA, NSSA, OENTRY, OFSBASE = OGSBASE = the TCB page; CSSA = 0
//     SSA frames                  REG, R W          zero
//     static TLS, TCB             REG, R W          zero; start/ fills them in
//     exception stack             REG, R W          zero
//     runtime stack               REG, R W          zero
//
// Guards, guest stacks, heap, code and linear memories have no page at the beginning: the enclave asks for
// them, and they come by EAUG.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "common/image_layout.h"
#include "common/result.h"
#include "host/image/elf_image.h"
#include "host/image/measurement.h"

namespace twine::image {

// Neighbouring pages that are alike.
struct PageRun {
  uint64_t offset = 0;  // from the enclave's base
  uint64_t secinfo_flags = 0;
  std::span<const uint8_t> contents;  // whole pages, page-aligned: the driver copies from here
};

class EnclaveImage {
 public:
  // Errors: those of host::read_file and parse_elf_image, each naming the path.
  static Result<EnclaveImage> load(const std::filesystem::path& path);
  // Errors: those of parse_elf_image.
  static Result<EnclaveImage> from_elf(std::span<const uint8_t> file);

  [[nodiscard]] const ImageNote& note() const { return note_; }
  [[nodiscard]] uint64_t entry() const { return entry_; }
  [[nodiscard]] uint64_t end() const { return end_; }
  [[nodiscard]] std::span<const PageRun> runs() const { return runs_; }
  [[nodiscard]] uint64_t added_bytes() const;

  // Offset of thread `index`'s TCS. `index` < note().tcs_count.
  [[nodiscard]] uint64_t tcs_offset(uint32_t index) const;

  // MRENCLAVE.
  [[nodiscard]] Mrenclave measure() const;

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };

  EnclaveImage() = default;
  void add_segment(const Segment& segment);
  void add_thread(uint64_t block);
  // Zeroed pages for `size` bytes, added to the enclave at `offset`.
  std::span<uint8_t> add_run(uint64_t offset, uint64_t size, uint64_t secinfo_flags);

  ImageNote note_{};
  uint64_t entry_ = 0;
  uint64_t end_ = 0;
  std::vector<PageRun> runs_;
  std::vector<std::unique_ptr<uint8_t, Free>> memory_;
};

}  // namespace twine::image

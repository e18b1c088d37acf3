#include "host/image/enclave_image.h"

#include <cstring>
#include <new>
#include <utility>

#include "common/sgx/arch.h"
#include "host/files/files.h"

namespace twine::image {
namespace {

constexpr uint64_t kRegular = sgx::secinfo_page_type(sgx::PageType::reg);
constexpr uint64_t kReadWrite = kRegular | sgx::kSecinfoR | sgx::kSecinfoW;

constexpr uint64_t round_up(uint64_t size) {
  return (size + kPageSize - 1) / kPageSize * kPageSize;
}

}  // namespace

Result<EnclaveImage> EnclaveImage::load(const std::filesystem::path& path) {
  const std::vector<uint8_t> file = TWINE_TRY(host::read_file(path, kMaxImageFileSize));
  Result<EnclaveImage> image = from_elf(file);
  if (!image) return within(path.string(), std::move(image).error());
  return image;
}

Result<EnclaveImage> EnclaveImage::from_elf(std::span<const uint8_t> file) {
  const ElfImage elf = TWINE_TRY(parse_elf_image(file));
  EnclaveImage image;
  image.note_ = elf.note;
  image.entry_ = elf.entry;
  image.end_ = elf.end;
  for (const Segment& segment : elf.segments) image.add_segment(segment);
  for (uint32_t i = 0; i < elf.note.tcs_count; ++i) image.add_thread(image.tcs_offset(i));
  return image;
}

uint64_t EnclaveImage::added_bytes() const {
  uint64_t bytes = 0;
  for (const PageRun& run : runs_) bytes += run.contents.size();
  return bytes;
}

uint64_t EnclaveImage::tcs_offset(uint32_t index) const {
  return threads_offset(note_, end_) + index * thread_block_layout(note_).size;
}

Mrenclave EnclaveImage::measure() const {
  Measurement measurement(note_.ssa_frame_pages, note_.elrange_size);
  for (const PageRun& run : runs_) {
    for (uint64_t at = 0; at < run.contents.size(); at += kPageSize) {
      measurement.add_page(run.offset + at, run.secinfo_flags);
      measurement.extend_page(run.offset + at, run.contents.subspan(at).first<kPageSize>());
    }
  }
  return measurement.finish();
}

void EnclaveImage::add_segment(const Segment& segment) {
  uint64_t flags = kRegular | sgx::kSecinfoR;
  if (segment.writable) flags |= sgx::kSecinfoW;
  if (segment.executable) flags |= sgx::kSecinfoX;
  const std::span<uint8_t> pages = add_run(segment.offset, segment.memory_size, flags);
  if (!segment.contents.empty()) std::memcpy(pages.data(), segment.contents.data(), segment.contents.size());
}

void EnclaveImage::add_thread(uint64_t block) {
  const ThreadBlockLayout layout = thread_block_layout(note_);
  sgx::Tcs tcs{};
  tcs.ossa = block + layout.ssa;
  tcs.nssa = note_.nssa;
  tcs.oentry = entry_;
  tcs.ofsbasgx = block + layout.tcb;
  tcs.ogsbasgx = block + layout.tcb;
  tcs.fslimit = 0xffff'ffff;
  tcs.gslimit = 0xffff'ffff;
  const std::span<uint8_t> page = add_run(block, kPageSize, sgx::secinfo_page_type(sgx::PageType::tcs));
  std::memcpy(page.data(), &tcs, sizeof(tcs));

  // SSA, TLS and TCB are neighbours.
  add_run(block + layout.ssa, layout.tcb + kPageSize - layout.ssa, kReadWrite);
  add_run(block + layout.exception_stack, note_.exception_stack_size, kReadWrite);
  add_run(block + layout.runtime_stack, note_.runtime_stack_size, kReadWrite);
}

std::span<uint8_t> EnclaveImage::add_run(uint64_t offset, uint64_t size, uint64_t secinfo_flags) {
  const uint64_t rounded = round_up(size);
  auto* const memory = static_cast<uint8_t*>(std::aligned_alloc(kPageSize, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  memory_.emplace_back(memory);
  std::memset(memory, 0, rounded);
  const std::span<uint8_t> pages(memory, rounded);
  runs_.push_back({.offset = offset, .secinfo_flags = secinfo_flags, .contents = pages});
  return pages;
}

}  // namespace twine::image

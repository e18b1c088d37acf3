#include "host/image/elf_image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace twine::image {
namespace {

std::unexpected<Error> malformed(const std::string& message) {
  return fail(ErrorCode::malformed, "not an enclave image: " + message);
}

// Fields are copied out: nothing in a file is aligned for sure.
template <typename T>
std::optional<T> read_at(std::span<const uint8_t> bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::optional<std::span<const uint8_t>> slice(std::span<const uint8_t> bytes, uint64_t offset,
                                              uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
  return bytes.subspan(offset, size);
}

constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

Result<Elf64_Ehdr> read_header(std::span<const uint8_t> file) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  if (!header || !looks_like_elf(file)) return malformed("it does not start with an ELF header");
  if (header->e_ident[EI_CLASS] != ELFCLASS64) return malformed("EI_CLASS is not ELFCLASS64");
  if (header->e_ident[EI_DATA] != ELFDATA2LSB) return malformed("EI_DATA is not little-endian");
  if (header->e_version != EV_CURRENT) return malformed("e_version is not 1");
  if (header->e_machine != EM_X86_64) return malformed("e_machine is not x86-64");
  if (header->e_type != ET_DYN) return malformed("e_type is not ET_DYN; link it with -static-pie");
  if (header->e_phentsize != sizeof(Elf64_Phdr)) return malformed("e_phentsize is not 56");
  return *header;
}

Result<std::vector<Elf64_Phdr>> read_program_headers(std::span<const uint8_t> file,
                                                     const Elf64_Ehdr& header) {
  std::vector<Elf64_Phdr> result;
  result.reserve(header.e_phnum);
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    // e_phoff is not trusted to leave room: read_at refuses what lies outside, and a sum that wraps is below
    // e_phoff.
    const uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    const auto program_header = at < header.e_phoff ? std::nullopt : read_at<Elf64_Phdr>(file, at);
    if (!program_header) return malformed(fmt::format("program header {} lies outside the file", i));
    result.push_back(*program_header);
  }
  return result;
}

Result<Segment> read_segment(std::span<const uint8_t> file, const Elf64_Phdr& header, uint64_t end) {
  const auto where = fmt::format("the segment at {:#x}", header.p_vaddr);
  if (header.p_vaddr % kPageSize != 0) return malformed(where + " does not start at a page");
  if (header.p_vaddr < end) return malformed(where + " overlaps the one before it, or they are out of order");
  if (end == 0 && header.p_vaddr != 0) return malformed("its first segment does not start at address 0");
  if (header.p_filesz > header.p_memsz) return malformed(where + " has more contents than memory");
  if (header.p_memsz == 0) return malformed(where + " is empty");
  if (header.p_memsz > kMaxAddedSize || header.p_vaddr > kMaxAddedSize) {
    return malformed(where + fmt::format(" reaches past {} MiB", kMaxAddedSize >> 20));
  }
  const auto contents = slice(file, header.p_offset, header.p_filesz);
  if (!contents) return malformed(where + " lies outside the file; the file may be truncated");
  if ((header.p_flags & PF_R) == 0) return malformed(where + " is not readable");
  Segment segment{.offset = header.p_vaddr,
                  .memory_size = header.p_memsz,
                  .writable = (header.p_flags & PF_W) != 0,
                  .executable = (header.p_flags & PF_X) != 0,
                  .contents = *contents};
  if (segment.writable && segment.executable) return malformed(where + " is both writable and executable");
  return segment;
}

// Finds the Twine note among the notes of one PT_NOTE segment: {namesz, descsz, type}, name and descriptor
// each padded to 4 bytes.
Result<std::optional<ImageNote>> find_note(std::span<const uint8_t> notes) {
  std::optional<ImageNote> found;
  uint64_t at = 0;
  while (at < notes.size()) {
    const auto header = read_at<Elf64_Nhdr>(notes, at);
    if (!header) return malformed("a note is cut short");
    at += sizeof(Elf64_Nhdr);
    const auto name = slice(notes, at, header->n_namesz);
    at += align_up(header->n_namesz, 4);
    const auto descriptor = slice(notes, at, header->n_descsz);
    at += align_up(header->n_descsz, 4);
    if (!name || !descriptor) return malformed("a note is cut short");
    if (name->size() != sizeof(kImageNoteName) ||
        std::memcmp(name->data(), kImageNoteName, name->size()) != 0)
      continue;
    if (header->n_type != kImageNoteType) continue;
    if (found) return malformed("it has two Twine notes");
    const auto version = read_at<uint32_t>(*descriptor, 0);
    if (version && *version != kImageNoteVersion) {
      return fail(
          ErrorCode::unsupported,
          fmt::format(
              "the enclave image's note has version {}, this twine knows version {}; use the twine that was "
              "built with the image",
              *version, kImageNoteVersion));
    }
    const auto note = read_at<ImageNote>(*descriptor, 0);
    if (!note || descriptor->size() != sizeof(ImageNote)) {
      return malformed(
          fmt::format("its note has {} bytes instead of {}", descriptor->size(), sizeof(ImageNote)));
    }
    found = *note;
  }
  return found;
}

// The bytes of [offset, offset + size) of the image, if one segment's file contents hold them all.
std::optional<std::span<const uint8_t>> contents_at(const ElfImage& image, uint64_t offset, uint64_t size) {
  for (const Segment& segment : image.segments) {
    if (offset < segment.offset) continue;
    const auto bytes = slice(segment.contents, offset - segment.offset, size);
    if (bytes) return bytes;
  }
  return std::nullopt;
}

bool in_writable_segment(const ElfImage& image, uint64_t offset, uint64_t size) {
  return std::ranges::any_of(image.segments, [&](const Segment& segment) {
    return segment.writable && offset >= segment.offset && offset - segment.offset <= segment.memory_size &&
           segment.memory_size - (offset - segment.offset) >= size;
  });
}

Result<void> check_relocations(const ElfImage& image, uint64_t offset, uint64_t size) {
  const auto no_table = [] { return malformed("DT_RELA does not describe a table inside the image"); };
  const auto table = contents_at(image, offset, size);
  if (!table || size % sizeof(Elf64_Rela) != 0) return no_table();
  for (uint64_t at = 0; at < size; at += sizeof(Elf64_Rela)) {
    const auto entry = read_at<Elf64_Rela>(*table, at);
    if (!entry) return no_table();
    if (ELF64_R_TYPE(entry->r_info) != R_X86_64_RELATIVE) {
      return malformed(fmt::format(
          "relocation {} is of type {}, not R_X86_64_RELATIVE; it needs a symbol that nobody provides",
          at / sizeof(Elf64_Rela), ELF64_R_TYPE(entry->r_info)));
    }
    if (!in_writable_segment(image, entry->r_offset, sizeof(uint64_t))) {
      return malformed(fmt::format("relocation {} changes {:#x}, which is not in a writable segment",
                                   at / sizeof(Elf64_Rela), entry->r_offset));
    }
  }
  return {};
}

Result<void> check_dynamic(const ElfImage& image, std::span<const uint8_t> dynamic) {
  uint64_t rela = 0;
  uint64_t rela_size = 0;
  for (uint64_t at = 0; at < dynamic.size(); at += sizeof(Elf64_Dyn)) {
    const auto entry = read_at<Elf64_Dyn>(dynamic, at);
    if (!entry) return malformed("PT_DYNAMIC is cut short");
    switch (entry->d_tag) {
      case DT_NULL:
        return rela_size == 0 ? Result<void>{} : check_relocations(image, rela, rela_size);
      case DT_NEEDED:
        return malformed("it needs a shared library; link it with -static-pie");
      case DT_TEXTREL:
        return malformed("it has relocations in its text; compile it with -fPIE");
      case DT_REL:
      case DT_RELR:
      case DT_JMPREL:
        return malformed("it has relocations other than DT_RELA");
      case DT_RELA:
        rela = entry->d_un.d_val;
        break;
      case DT_RELASZ:
        rela_size = entry->d_un.d_val;
        break;
      default:
        break;
    }
  }
  return malformed("PT_DYNAMIC has no DT_NULL");
}

}  // namespace

bool looks_like_elf(std::span<const uint8_t> file) {
  return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<ElfImage> parse_elf_image(std::span<const uint8_t> file) {
  if (file.size() > kMaxImageFileSize)
    return malformed(fmt::format("it is larger than {} MiB", kMaxImageFileSize >> 20));
  const Elf64_Ehdr header = TWINE_TRY(read_header(file));
  const std::vector<Elf64_Phdr> program_headers = TWINE_TRY(read_program_headers(file, header));

  ElfImage image;
  std::optional<ImageNote> note;
  std::optional<std::span<const uint8_t>> dynamic;
  for (const Elf64_Phdr& program_header : program_headers) {
    if (program_header.p_type == PT_LOAD) {
      image.segments.push_back(TWINE_TRY(read_segment(file, program_header, image.end)));
      image.end = align_up(program_header.p_vaddr + program_header.p_memsz, kPageSize);
    } else if (program_header.p_type == PT_INTERP) {
      return malformed("it asks for an interpreter (PT_INTERP); link it with -static-pie");
    } else if (program_header.p_type == PT_NOTE) {
      const auto notes = slice(file, program_header.p_offset, program_header.p_filesz);
      if (!notes) return malformed("PT_NOTE lies outside the file");
      const auto found = TWINE_TRY(find_note(*notes));
      if (found && note) return malformed("it has two Twine notes");
      if (found) note = found;
    } else if (program_header.p_type == PT_DYNAMIC) {
      if (dynamic) return malformed("it has two PT_DYNAMIC segments");
      dynamic = slice(file, program_header.p_offset, program_header.p_filesz);
      if (!dynamic) return malformed("PT_DYNAMIC lies outside the file");
    }
  }
  if (image.segments.empty()) return malformed("it has nothing to load (no PT_LOAD)");
  if (!note) return malformed("it has no Twine note (.note.twine); it is some other program");
  image.note = *note;

  const bool entry_is_code = std::ranges::any_of(image.segments, [&](const Segment& segment) {
    return segment.executable && header.e_entry >= segment.offset &&
           header.e_entry - segment.offset < segment.contents.size();
  });
  if (!entry_is_code)
    return malformed(fmt::format("its entry point {:#x} is not in an executable segment", header.e_entry));
  image.entry = header.e_entry;

  if (dynamic) TWINE_TRY(check_dynamic(image, *dynamic));
  TWINE_TRY(check_note(image.note, image.end));
  return image;
}

Result<void> check_note(const ImageNote& note, uint64_t image_end) {
  if (note.version != kImageNoteVersion)
    return malformed(fmt::format("note: unknown version {}", note.version));
  if (note.reserved != 0) return malformed("note: a reserved field is not zero");
  if (note.tcs_count < 1 || note.tcs_count > 4096)
    return malformed("note: tcs_count is not within 1 to 4096");
  if (note.nssa < 2 || note.nssa > 16) {
    return malformed("note: nssa is not within 2 to 16; a fault and its handler need a frame each");
  }
  if (note.ssa_frame_pages < 1 || note.ssa_frame_pages > 16)
    return malformed("note: ssa_frame_pages is not within 1 to 16");
  if (!std::has_single_bit(note.elrange_size) || note.elrange_size < 2 * kPageSize ||
      note.elrange_size > uint64_t{1} << 46) {
    return malformed("note: elrange_size is not a power of two within 2^13 to 2^46");
  }
  struct Named {
    const char* name;
    uint64_t value;
  };
  for (const Named& field : {Named{"exception_stack_size", note.exception_stack_size},
                             {"runtime_stack_size", note.runtime_stack_size},
                             {"guest_stack_size", note.guest_stack_size},
                             {"guard_size", note.guard_size}}) {
    if (field.value == 0 || field.value > kMaxAddedSize) {
      return malformed(
          fmt::format("note: {} is not within one page and {} MiB", field.name, kMaxAddedSize >> 20));
    }
  }
  for (const Named& field : {Named{"exception_stack_size", note.exception_stack_size},
                             {"runtime_stack_size", note.runtime_stack_size},
                             {"guest_stack_size", note.guest_stack_size},
                             {"guard_size", note.guard_size},
                             {"heap_offset", note.heap_offset},
                             {"heap_size", note.heap_size},
                             {"code_offset", note.code_offset},
                             {"code_size", note.code_size},
                             {"wasm_offset", note.wasm_offset},
                             {"wasm_size", note.wasm_size}}) {
    if (field.value % kPageSize != 0)
      return malformed(fmt::format("note: {} is not a multiple of the page size", field.name));
    if (field.value > note.elrange_size)
      return malformed(fmt::format("note: {} is larger than elrange_size", field.name));
  }
  // No sum below can wrap: all terms are at most 2^46, and the thread blocks at most 4096 times 5 GiB.
  const uint64_t threads_end =
      threads_offset(note, image_end) + note.tcs_count * thread_block_layout(note).size;
  if (threads_end > note.heap_offset) return malformed("note: image and thread blocks overlap the heap");
  if (note.heap_offset + note.heap_size > note.code_offset)
    return malformed("note: the heap overlaps the code region");
  if (note.code_offset + note.code_size > note.wasm_offset)
    return malformed("note: the code region overlaps linear memories");
  if (note.wasm_offset + note.wasm_size > note.elrange_size)
    return malformed("note: linear memories reach past elrange_size");
  if (note.code_offset + note.code_size > uint64_t{2} << 30) {
    return malformed("note: the code region is not within 2 GiB of the image");
  }
  const ThreadBlockLayout block = thread_block_layout(note);
  if (image_end + note.tcs_count * block.guest_stack > kMaxAddedSize) {
    return malformed(
        fmt::format("note: image and thread blocks are larger than {} MiB", kMaxAddedSize >> 20));
  }
  return {};
}

}  // namespace twine::image

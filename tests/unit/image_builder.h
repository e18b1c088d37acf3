// Small enclave ELF images for tests, built field by field, so that each field can be made wrong.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "common/image_layout.h"

namespace twine::image::test {

inline ImageNote small_note() {
  ImageNote note{};
  note.version = kImageNoteVersion;
  note.tcs_count = 2;
  note.nssa = 3;
  note.ssa_frame_pages = 1;
  note.elrange_size = uint64_t{1} << 32;
  note.exception_stack_size = 2 * kPageSize;
  note.runtime_stack_size = 3 * kPageSize;
  note.guest_stack_size = 16 * kPageSize;
  note.guard_size = kPageSize;
  note.heap_offset = 16 << 20;
  note.heap_size = 1 << 20;
  note.code_offset = 32 << 20;
  note.code_size = 1 << 20;
  note.wasm_offset = uint64_t{2} << 30;
  note.wasm_size = uint64_t{2} << 30;
  note.isv_prod_id = 7;
  note.isv_svn = 3;
  return note;
}

// Three segments of one page each (the last longer in memory), a note, and a dynamic section with one
// relative relocation.
struct Builder {
  static constexpr uint64_t kNoteAt = 0x400;
  static constexpr uint64_t kRelaAt = 0x600;
  static constexpr uint64_t kTextAt = 0x1000;
  static constexpr uint64_t kDataAt = 0x2000;
  static constexpr uint64_t kDynamicAt = 0x2100;

  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> program_headers;
  ImageNote note = small_note();
  uint32_t note_type = kImageNoteType;
  Elf64_Rela relocation{
      .r_offset = kDataAt, .r_info = ELF64_R_INFO(0, R_X86_64_RELATIVE), .r_addend = 0x1000};
  std::vector<Elf64_Dyn> dynamic;
  uint64_t file_size = 0x3000;

  Builder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_entry = kTextAt + 0x10;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    add(PT_LOAD, PF_R, 0, 0x1000, 0x1000);
    add(PT_LOAD, PF_R | PF_X, kTextAt, 0x1000, 0x1000);
    add(PT_LOAD, PF_R | PF_W, kDataAt, 0x1000, 0x2800);
    add(PT_DYNAMIC, PF_R | PF_W, kDynamicAt, 4 * sizeof(Elf64_Dyn), 4 * sizeof(Elf64_Dyn));
    add(PT_NOTE, PF_R, kNoteAt, 12 + 8 + sizeof(ImageNote), 12 + 8 + sizeof(ImageNote));
    dynamic = {{.d_tag = DT_RELA, .d_un = {.d_val = kRelaAt}},
               {.d_tag = DT_RELASZ, .d_un = {.d_val = sizeof(Elf64_Rela)}},
               {.d_tag = DT_NULL, .d_un = {.d_val = 0}}};
  }

  void add(uint32_t type, uint32_t flags, uint64_t at, uint64_t file_bytes, uint64_t memory_bytes) {
    Elf64_Phdr entry{};
    entry.p_type = type;
    entry.p_flags = flags;
    entry.p_offset = at;
    entry.p_vaddr = at;
    entry.p_filesz = file_bytes;
    entry.p_memsz = memory_bytes;
    program_headers.push_back(entry);
  }

  [[nodiscard]] std::vector<uint8_t> build() const {
    std::vector<uint8_t> file(file_size);
    for (uint64_t i = kTextAt; i < file.size(); ++i) file[i] = static_cast<uint8_t>(i * 7);
    Elf64_Ehdr whole = header;
    whole.e_phnum = static_cast<Elf64_Half>(program_headers.size());
    put(file, 0, &whole, sizeof(whole));
    put(file, header.e_phoff, program_headers.data(), program_headers.size() * sizeof(Elf64_Phdr));
    const uint32_t note_header[3] = {sizeof(kImageNoteName), sizeof(ImageNote), note_type};
    put(file, kNoteAt, note_header, sizeof(note_header));
    put(file, kNoteAt + 12, kImageNoteName, sizeof(kImageNoteName));
    put(file, kNoteAt + 20, &note, sizeof(note));
    put(file, kRelaAt, &relocation, sizeof(relocation));
    put(file, kDynamicAt, dynamic.data(), dynamic.size() * sizeof(Elf64_Dyn));
    return file;
  }

 private:
  static void put(std::vector<uint8_t>& file, uint64_t at, const void* from, uint64_t size) {
    if (at <= file.size() && file.size() - at >= size) std::memcpy(file.data() + at, from, size);
  }
};

}  // namespace twine::image::test

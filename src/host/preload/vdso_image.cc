#include "host/preload/vdso_image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace twine::host::preload {
namespace {

constexpr char kEntryName[] = "__vdso_sgx_enter_enclave";
constexpr char kSoname[] = "linux-vdso.so.1";
constexpr uint64_t kCodeAlignment = 16;

// movabsq $address, %rax; jmp *%rax. No vDSO function takes an argument in RAX.
constexpr uint64_t kJumpSize = 12;
void put_jump(uint8_t* where, uint64_t address) {
  constexpr uint8_t kMovabs[] = {0x48, 0xb8};
  constexpr uint8_t kJump[] = {0xff, 0xe0};
  std::memcpy(where, kMovabs, sizeof kMovabs);
  std::memcpy(where + 2, &address, sizeof address);
  std::memcpy(where + 10, kJump, sizeof kJump);
}

// The System V ABI's hash of a symbol's name.
uint32_t elf_hash(std::string_view name) {
  uint32_t hash = 0;
  for (const char each : name) {
    hash = (hash << 4) + static_cast<uint8_t>(each);
    const uint32_t high = hash & 0xf0000000;
    hash = (hash ^ (high >> 24)) & ~high;
  }
  return hash;
}

// Appends to the image, and says where.
class Writer {
 public:
  template <typename T>
  uint64_t put(std::span<const T> items, uint64_t alignment = alignof(T)) {
    return put_bytes(items.data(), items.size_bytes(), alignment);
  }
  uint64_t put_bytes(const void* content, size_t size, uint64_t alignment) {
    const uint64_t offset = (bytes.size() + alignment - 1) / alignment * alignment;
    bytes.resize(offset + size);
    if (size != 0) std::memcpy(bytes.data() + offset, content, size);
    return offset;
  }
  template <typename T>
  void overwrite(uint64_t offset, std::span<const T> items) {
    std::memcpy(bytes.data() + offset, items.data(), items.size_bytes());
  }

  std::vector<uint8_t> bytes;
};

// One bucket a symbol: chains stay short, and the table is small anyway.
std::vector<Elf64_Word> hash_table(std::span<const std::string> names) {
  const auto count = static_cast<Elf64_Word>(names.size() + 1);  // and the null symbol
  std::vector<Elf64_Word> table(2 + 2 * size_t{count});
  table[0] = count;
  table[1] = count;
  Elf64_Word* const buckets = table.data() + 2;
  Elf64_Word* const chains = buckets + count;
  for (Elf64_Word symbol = 1; symbol < count; ++symbol) {
    Elf64_Word& bucket = buckets[elf_hash(names[symbol - 1]) % count];
    chains[symbol] = bucket;
    bucket = symbol;
  }
  return table;
}

Elf64_Ehdr file_header(uint16_t segments) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = segments;
  header.e_shentsize = sizeof(Elf64_Shdr);
  return header;
}

}  // namespace

VdsoImage make_vdso_image(std::span<const uint8_t> entry_code,
                          std::span<const VdsoFunction> kernel_functions) {
  std::vector<std::string> names = {kEntryName};
  for (const VdsoFunction& each : kernel_functions) names.push_back(each.name);

  std::string strings(1, '\0');
  std::vector<Elf64_Sym> symbols(1 + names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    symbols[i + 1].st_name = static_cast<Elf64_Word>(strings.size());
    strings.append(names[i]).push_back('\0');
  }
  const uint64_t soname = strings.size();
  strings.append(kSoname).push_back('\0');

  Elf64_Phdr segments[2] = {};
  Elf64_Dyn dynamic[7] = {};
  Writer image;
  const Elf64_Ehdr header = file_header(std::size(segments));
  image.put(std::span(&header, 1));
  const uint64_t segments_at = image.put(std::span<const Elf64_Phdr>(segments));
  const uint64_t dynamic_at = image.put(std::span<const Elf64_Dyn>(dynamic));
  const uint64_t symbols_at = image.put(std::span<const Elf64_Sym>(symbols));
  const uint64_t hash_at = image.put(std::span<const Elf64_Word>(hash_table(names)));
  const uint64_t strings_at = image.put(std::span<const char>(strings));

  const uint64_t entry_at = image.put(entry_code, kCodeAlignment);
  symbols[1].st_value = entry_at;
  symbols[1].st_size = entry_code.size();
  for (size_t i = 0; i < kernel_functions.size(); ++i) {
    uint8_t jump[kJumpSize];
    put_jump(jump, kernel_functions[i].address);
    symbols[i + 2].st_value = image.put(std::span<const uint8_t>(jump), kCodeAlignment);
    symbols[i + 2].st_size = kJumpSize;
  }
  for (size_t i = 1; i < symbols.size(); ++i) {
    symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbols[i].st_shndx = 1;  // defined; there are no sections to name
  }
  image.overwrite(symbols_at, std::span<const Elf64_Sym>(symbols));

  const Elf64_Dyn entries[] = {
      {.d_tag = DT_SONAME, .d_un = {.d_val = soname}},
      {.d_tag = DT_HASH, .d_un = {.d_ptr = hash_at}},
      {.d_tag = DT_STRTAB, .d_un = {.d_ptr = strings_at}},
      {.d_tag = DT_SYMTAB, .d_un = {.d_ptr = symbols_at}},
      {.d_tag = DT_STRSZ, .d_un = {.d_val = strings.size()}},
      {.d_tag = DT_SYMENT, .d_un = {.d_val = sizeof(Elf64_Sym)}},
      {.d_tag = DT_NULL, .d_un = {.d_val = 0}},
  };
  static_assert(sizeof entries == sizeof dynamic);
  image.overwrite(dynamic_at, std::span<const Elf64_Dyn>(entries));

  segments[0] = {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_X,
                 .p_offset = 0,
                 .p_vaddr = 0,
                 .p_paddr = 0,
                 .p_filesz = image.bytes.size(),
                 .p_memsz = image.bytes.size(),
                 .p_align = 4096};
  segments[1] = {.p_type = PT_DYNAMIC,
                 .p_flags = PF_R,
                 .p_offset = dynamic_at,
                 .p_vaddr = dynamic_at,
                 .p_paddr = dynamic_at,
                 .p_filesz = sizeof entries,
                 .p_memsz = sizeof entries,
                 .p_align = alignof(Elf64_Dyn)};
  image.overwrite(segments_at, std::span<const Elf64_Phdr>(segments));
  return {.bytes = std::move(image.bytes), .entry_function = entry_at};
}

}  // namespace twine::host::preload

#include "host/debug/symbol_file.h"

#include <elf.h>

#include <array>
#include <cstring>
#include <string_view>

namespace twine::host::debug {
namespace {

enum Section : uint8_t { kNone, kText, kFrames, kSymbols, kNames, kSectionNames, kSections };
constexpr std::array<std::string_view, kSections> kSectionTitles = {"",        ".text",   ".debug_frame",
                                                                    ".symtab", ".strtab", ".shstrtab"};

// Strings with their NULs, the empty one first.
class StringTable {
 public:
  uint32_t add(std::string_view text) {
    const auto offset = static_cast<uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    bytes_.push_back(0);
    return offset;
  }
  [[nodiscard]] const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_ = {0};
};

std::vector<uint8_t> make_symbol_table(const CodeSymbols& symbols, StringTable& names) {
  std::vector<Elf64_Sym> entries(1);
  for (const Symbol& function : symbols.functions) {
    entries.push_back({.st_name = names.add(function.name),
                       .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                       .st_other = STV_DEFAULT,
                       .st_shndx = kText,
                       .st_value = function.address,
                       .st_size = function.size});
  }
  std::vector<uint8_t> bytes(entries.size() * sizeof(Elf64_Sym));
  std::memcpy(bytes.data(), entries.data(), bytes.size());
  return bytes;
}

Elf64_Ehdr make_header(uint64_t section_headers) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;  // every address is where it is
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = section_headers;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSections;
  header.e_shstrndx = kSectionNames;
  return header;
}

}  // namespace

std::vector<uint8_t> make_symbol_file(const CodeSymbols& symbols) {
  StringTable names;
  StringTable titles;
  const std::vector<uint8_t> table = make_symbol_table(symbols, names);
  std::array<Elf64_Shdr, kSections> headers{};
  for (size_t i = 1; i < kSections; ++i) headers[i].sh_name = titles.add(kSectionTitles[i]);

  std::vector<uint8_t> file(sizeof(Elf64_Ehdr));
  const auto place = [&](Section section, uint32_t type, const std::vector<uint8_t>& contents) {
    file.resize((file.size() + 7) / 8 * 8);
    headers[section].sh_type = type;
    headers[section].sh_offset = file.size();
    headers[section].sh_size = contents.size();
    headers[section].sh_addralign = 8;
    file.insert(file.end(), contents.begin(), contents.end());
  };
  place(kFrames, SHT_PROGBITS, symbols.debug_frame);
  place(kSymbols, SHT_SYMTAB, table);
  headers[kSymbols].sh_link = kNames;
  headers[kSymbols].sh_info = 1;  // the first that is not local
  headers[kSymbols].sh_entsize = sizeof(Elf64_Sym);
  place(kNames, SHT_STRTAB, names.bytes());
  place(kSectionNames, SHT_STRTAB, titles.bytes());
  headers[kText].sh_type = SHT_NOBITS;
  headers[kText].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  headers[kText].sh_addr = symbols.begin;
  headers[kText].sh_size = symbols.end - symbols.begin;
  headers[kText].sh_offset = file.size();
  headers[kText].sh_addralign = 1;

  file.resize((file.size() + 7) / 8 * 8);
  const Elf64_Ehdr header = make_header(file.size());
  std::memcpy(file.data(), &header, sizeof header);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(headers.data());
  file.insert(file.end(), bytes, bytes + sizeof headers);
  return file;
}

}  // namespace twine::host::debug

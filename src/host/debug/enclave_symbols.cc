#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "host/debug/debug_frame.h"
#include "host/debug/symbols.h"

namespace twine::host::debug {
namespace {

// An ELF file's sections, every access checked. The loader has admitted the file already, but by its program headers.
class Sections {
 public:
  explicit Sections(std::span<const uint8_t> file) : file_(file) {}

  Result<void> read() {
    Elf64_Ehdr header;
    if (!copy(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_shentsize != sizeof(Elf64_Shdr)) {
      return fail(ErrorCode::malformed, "not an ELF file with sections");
    }
    headers_.resize(header.e_shnum);
    for (size_t i = 0; i < headers_.size(); ++i) {
      if (!copy(header.e_shoff + i * sizeof(Elf64_Shdr), headers_[i]))
        return fail(ErrorCode::malformed, "the ELF file's section headers lie outside it");
    }
    if (header.e_shstrndx >= headers_.size())
      return fail(ErrorCode::malformed, "the ELF file's sections have no names");
    names_ = contents(headers_[header.e_shstrndx]);
    return {};
  }

  [[nodiscard]] const Elf64_Shdr* find(std::string_view name) const {
    for (const Elf64_Shdr& header : headers_) {
      if (string_at(names_, header.sh_name) == name) return &header;
    }
    return nullptr;
  }
  [[nodiscard]] const Elf64_Shdr* at(size_t index) const {
    return index < headers_.size() ? &headers_[index] : nullptr;
  }

  // Empty where it has none or lies outside the file.
  [[nodiscard]] std::span<const uint8_t> contents(const Elf64_Shdr& header) const {
    if (header.sh_type == SHT_NOBITS || header.sh_offset > file_.size() ||
        header.sh_size > file_.size() - header.sh_offset)
      return {};
    return file_.subspan(header.sh_offset, header.sh_size);
  }

  static std::string_view string_at(std::span<const uint8_t> table, uint64_t offset) {
    if (offset >= table.size()) return {};
    const auto rest = table.subspan(offset);
    const auto end = std::ranges::find(rest, uint8_t{0});
    return {reinterpret_cast<const char*>(rest.data()), static_cast<size_t>(end - rest.begin())};
  }

 private:
  template <typename T>
  bool copy(uint64_t offset, T& value) const {
    if (offset > file_.size() || sizeof value > file_.size() - offset) return false;
    std::memcpy(&value, file_.data() + offset, sizeof value);
    return true;
  }

  std::span<const uint8_t> file_;
  std::vector<Elf64_Shdr> headers_;
  std::span<const uint8_t> names_;
};

}  // namespace

Result<CodeSymbols> enclave_symbols(std::span<const uint8_t> elf, uint64_t base) {
  Sections sections(elf);
  TWINE_TRY(sections.read());
  const Elf64_Shdr* const text = sections.find(".text");
  if (text == nullptr) return fail(ErrorCode::malformed, "the enclave image has no section .text");
  CodeSymbols symbols{.begin = base + text->sh_addr,
                      .end = base + text->sh_addr + text->sh_size,
                      .functions = {},
                      .debug_frame = {}};

  if (const Elf64_Shdr* const table = sections.find(".symtab");
      table != nullptr && sections.at(table->sh_link) != nullptr) {
    const std::span<const uint8_t> names = sections.contents(*sections.at(table->sh_link));
    const std::span<const uint8_t> entries = sections.contents(*table);
    for (size_t offset = 0; offset + sizeof(Elf64_Sym) <= entries.size(); offset += sizeof(Elf64_Sym)) {
      Elf64_Sym entry;
      std::memcpy(&entry, entries.data() + offset, sizeof entry);
      const std::string_view name = Sections::string_at(names, entry.st_name);
      const uint64_t address = base + entry.st_value;
      if (ELF64_ST_TYPE(entry.st_info) != STT_FUNC || name.empty()) continue;
      if (address < symbols.begin || address >= symbols.end || entry.st_size > symbols.end - address)
        continue;
      symbols.functions.push_back({.address = address, .size = entry.st_size, .name = std::string(name)});
    }
  }
  std::ranges::sort(symbols.functions, {}, &Symbol::address);
  if (const Elf64_Shdr* const frames = sections.find(".debug_frame"))
    symbols.debug_frame = relocate_debug_frame(sections.contents(*frames), base);
  return symbols;
}

}  // namespace twine::host::debug

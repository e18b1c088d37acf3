#include "host/image/elf_symbols.h"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

namespace twine::image {
namespace {

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::malformed, std::string("symbol table: ") + what);
}

template <typename T>
std::optional<T> read_at(std::span<const uint8_t> bytes, uint64_t at) {
  T object;
  if (at > bytes.size() || bytes.size() - at < sizeof object) return std::nullopt;
  std::memcpy(&object, bytes.data() + at, sizeof object);
  return object;
}

std::optional<std::span<const uint8_t>> contents(std::span<const uint8_t> file, const Elf64_Shdr& section) {
  if (section.sh_offset > file.size() || section.sh_size > file.size() - section.sh_offset)
    return std::nullopt;
  return file.subspan(section.sh_offset, section.sh_size);
}

std::optional<std::string> name_at(std::span<const uint8_t> strings, uint64_t at) {
  if (at >= strings.size()) return std::nullopt;
  const auto rest = strings.subspan(at);
  const auto end = std::find(rest.begin(), rest.end(), uint8_t{0});
  if (end == rest.end()) return std::nullopt;
  return std::string(rest.begin(), end);
}

Result<std::vector<FunctionSymbol>> read_symbols(std::span<const uint8_t> symbols,
                                                 std::span<const uint8_t> strings) {
  std::vector<FunctionSymbol> functions;
  for (uint64_t at = 0; at < symbols.size(); at += sizeof(Elf64_Sym)) {
    const auto symbol = read_at<Elf64_Sym>(symbols, at);
    if (!symbol) return malformed("its size is not that of whole symbols");
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) continue;
    auto name = name_at(strings, symbol->st_name);
    if (!name) return malformed("a name lies outside the string table");
    functions.push_back({.address = symbol->st_value, .size = symbol->st_size, .name = std::move(*name)});
  }
  // Of several names for one address the longest function's, then the first by the alphabet.
  std::ranges::sort(functions, [](const FunctionSymbol& a, const FunctionSymbol& b) {
    if (a.address != b.address) return a.address < b.address;
    return a.size != b.size ? a.size > b.size : a.name < b.name;
  });
  const auto repeated = std::ranges::unique(functions, {}, &FunctionSymbol::address);
  functions.erase(repeated.begin(), repeated.end());
  return functions;
}

}  // namespace

Result<std::vector<FunctionSymbol>> read_function_symbols(std::span<const uint8_t> file) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  if (!header) return malformed("the ELF header is cut short");
  if (header->e_shoff == 0 || header->e_shnum == 0) return std::vector<FunctionSymbol>{};
  if (header->e_shentsize != sizeof(Elf64_Shdr)) return malformed("section headers have another size");
  const auto section = [&](uint64_t index) -> std::optional<Elf64_Shdr> {
    if (index >= header->e_shnum || header->e_shoff > file.size()) return std::nullopt;
    return read_at<Elf64_Shdr>(file, header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  for (uint64_t index = 0; index < header->e_shnum; ++index) {
    const auto table = section(index);
    if (!table) return malformed("a section header lies outside the file");
    if (table->sh_type != SHT_SYMTAB) continue;
    const auto string_section = section(table->sh_link);
    if (!string_section || string_section->sh_type != SHT_STRTAB) return malformed("it has no string table");
    const auto symbols = contents(file, *table);
    const auto strings = contents(file, *string_section);
    if (!symbols || !strings) return malformed("it lies outside the file");
    return read_symbols(*symbols, *strings);
  }
  return std::vector<FunctionSymbol>{};
}

std::string demangle(const std::string& name) {
  if (!name.starts_with("_Z")) return name;  // "f" would be a type's name
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  if (status != 0 || text == nullptr) return name;
  std::string whole = text.get();
  constexpr std::string_view kAnonymous = "(anonymous namespace)::";
  for (size_t at = whole.find(kAnonymous); at != whole.npos; at = whole.find(kAnonymous))
    whole.erase(at, kAnonymous.size());
  if (const size_t parameters = whole.find('('); parameters != whole.npos) whole.resize(parameters);
  return whole;
}

}  // namespace twine::image

// The vDSO is an ordinary shared object, already mapped and relocated by nobody: addresses in its dynamic
// section are relative to where its first PT_LOAD was linked. The number of its symbols comes from DT_HASH
// or, where a kernel has only that, from DT_GNU_HASH.
#include "host/sgx/vdso.h"

#include <elf.h>
#include <sys/auxv.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace twine::host::sgx {
namespace {

struct Tables {
  uint64_t load_bias = 0;
  const Elf64_Sym* symbols = nullptr;
  const char* strings = nullptr;
  const Elf64_Word* hash = nullptr;
  const Elf64_Word* gnu_hash = nullptr;
};

template <typename T>
const T* at(uint64_t address) {
  return std::bit_cast<const T*>(address);
}

bool read_tables(uint64_t base, Tables& tables) {
  const auto* const header = at<Elf64_Ehdr>(base);
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return false;
  const auto* const segments = at<Elf64_Phdr>(base + header->e_phoff);
  const auto* const end = segments + header->e_phnum;
  const auto load =
      std::find_if(segments, end, [](const Elf64_Phdr& segment) { return segment.p_type == PT_LOAD; });
  const auto dynamic =
      std::find_if(segments, end, [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
  if (load == end || dynamic == end) return false;
  tables.load_bias = base + load->p_offset - load->p_vaddr;
  for (const auto* entry = at<Elf64_Dyn>(tables.load_bias + dynamic->p_vaddr); entry->d_tag != DT_NULL;
       ++entry) {
    const uint64_t address = tables.load_bias + entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) tables.symbols = at<Elf64_Sym>(address);
    if (entry->d_tag == DT_STRTAB) tables.strings = at<char>(address);
    if (entry->d_tag == DT_HASH) tables.hash = at<Elf64_Word>(address);
    if (entry->d_tag == DT_GNU_HASH) tables.gnu_hash = at<Elf64_Word>(address);
  }
  return tables.symbols != nullptr && tables.strings != nullptr &&
         (tables.hash != nullptr || tables.gnu_hash != nullptr);
}

// DT_HASH: nbucket, nchain (= number of symbols), …
// DT_GNU_HASH: nbuckets, symoffset, bloom_size, bloom_shift, bloom[bloom_size] (8 bytes each),
// buckets[nbuckets], chain[]; the last symbol is the end of the chain that starts at the highest bucket,
// marked by bit 0.
uint64_t symbol_count(const Tables& tables) {
  if (tables.hash != nullptr) return tables.hash[1];
  const uint64_t bucket_count = tables.gnu_hash[0];
  const uint64_t first_hashed = tables.gnu_hash[1];
  const uint64_t bloom_size = tables.gnu_hash[2];
  const Elf64_Word* const buckets = tables.gnu_hash + 4 + bloom_size * 2;
  const Elf64_Word* const chain = buckets + bucket_count;
  uint64_t last = 0;
  for (uint64_t i = 0; i < bucket_count; ++i) last = std::max<uint64_t>(last, buckets[i]);
  if (last < first_hashed) return first_hashed;
  while ((chain[last - first_hashed] & 1) == 0) ++last;
  return last + 1;
}

}  // namespace

std::vector<VdsoSymbol> vdso_functions(uint64_t base) {
  std::vector<VdsoSymbol> result;
  Tables tables;
  if (base == 0 || !read_tables(base, tables)) return result;
  const uint64_t count = symbol_count(tables);
  for (uint64_t i = 0; i < count; ++i) {
    const Elf64_Sym& symbol = tables.symbols[i];
    if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    result.push_back(
        {.name = tables.strings + symbol.st_name, .address = tables.load_bias + symbol.st_value});
  }
  return result;
}

const void* find_in_vdso(std::string_view name) {
  for (const VdsoSymbol& symbol : vdso_functions(getauxval(AT_SYSINFO_EHDR))) {
    if (symbol.name == name) return at<void>(symbol.address);
  }
  return nullptr;
}

}  // namespace twine::host::sgx

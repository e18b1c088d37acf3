#include "enclave/start/relocate.h"

#include <elf.h>

#include <bit>
#include <cstdint>

#include "enclave/start/layout.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {

[[gnu::no_stack_protector]] void relocate() {
  const auto base = reinterpret_cast<uint64_t>(__ehdr_start);
  const uint64_t image_size = reinterpret_cast<uint64_t>(__image_end) - base;
  for (const Elf64_Rela* entry = __rela_begin; entry != __rela_end; ++entry) {
    if (ELF64_R_TYPE(entry->r_info) != R_X86_64_RELATIVE || entry->r_offset > image_size - sizeof(uint64_t))
      __builtin_trap();
    *std::bit_cast<uint64_t*>(base + entry->r_offset) = base + static_cast<uint64_t>(entry->r_addend);
  }
}

}  // namespace twine::enclave

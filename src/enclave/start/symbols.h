// What the linker (__ehdr_start) and its script (image.ld) define. Arrays of unknown size, because the
// compiler may not assume that two of those lie at different addresses. Only the addresses mean anything.
#pragma once

#include <elf.h>

#include <cstdint>

// Hidden: -fvisibility=hidden does not reach declarations, and through the GOT these addresses would need the
// very relocations that relocate() finds with them.
#pragma GCC visibility push(hidden)
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the linker script's names keep clear of all others
extern const uint8_t __ehdr_start[];
extern const uint8_t __image_end[];
extern const uint8_t __text_begin[];
extern const uint8_t __text_end[];
extern const Elf64_Rela __rela_begin[];
extern const Elf64_Rela __rela_end[];
extern const uint8_t __tls_begin[];
extern const uint8_t __tls_data_end[];
extern const uint8_t __tls_end[];
using InitFunction = void (*)();
extern const InitFunction __init_array_begin[];
extern const InitFunction __init_array_end[];
// NOLINTEND(bugprone-reserved-identifier)
}
#pragma GCC visibility pop

namespace twine::enclave {

[[nodiscard]] inline uint64_t enclave_base() {
  return reinterpret_cast<uint64_t>(__ehdr_start);
}
[[nodiscard]] inline uint64_t image_size() {
  return reinterpret_cast<uint64_t>(__image_end) - enclave_base();
}

}  // namespace twine::enclave

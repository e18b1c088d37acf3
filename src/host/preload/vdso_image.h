// A vDSO image with __vdso_sgx_enter_enclave, for programs that walk one by hand.
//
// It is what a kernel with SGX would have mapped, as far as programs look: an ELF shared object that nobody has relocated,
// whose one PT_LOAD has p_offset = p_vaddr = 0, so that file offsets, addresses of symbols and the d_ptr of its
// dynamic section are all relative to the address of the ELF header.
//
//   offset          content
//   0               Elf64_Ehdr (ET_DYN, no sections)
//   0x40            Elf64_Phdr[2]: PT_LOAD (R|X, the whole image), PT_DYNAMIC (R)
//   0xb0            Elf64_Dyn[]: DT_SONAME "linux-vdso.so.1", DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_NULL
//   …               Elf64_Sym[]: null, then the functions (global), __vdso_sgx_enter_enclave first
//   …               DT_HASH (System V): nbucket, nchain, bucket[], chain[]
//   …               strings
//   …, of 16        code: the copy of the entry function, then for each function of the kernel's vDSO a jump to it
//
// The jumps are to absolute addresses, of this process; code is the only part that depends on it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace twine::host::preload {

struct VdsoFunction {
  std::string name;
  uint64_t address;
};

struct VdsoImage {
  std::vector<uint8_t> bytes;
  uint64_t entry_function;  // offset of the copy of `entry_code`
};

[[nodiscard]] VdsoImage make_vdso_image(std::span<const uint8_t> entry_code,
                                        std::span<const VdsoFunction> kernel_functions);

}  // namespace twine::host::preload

// Calling __vdso_sgx_enter_enclave from C++: the function "does not ensure full compliance with the x86-64
// ABI" (<asm/sgx.h>), so everything that a C++ caller relies on is kept here: RBX, RBP, R12 to R15, MXCSR,
// the x87 control word, and DF clear. What an enclave leaves in the other registers is not trusted to follow
// any convention.
#pragma once

#include <asm/sgx.h>

#include <cstdint>

namespace twine::host::sgx {

[[nodiscard]] int call_vdso(vdso_sgx_enter_enclave_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx,
                            uint32_t leaf, uint64_t r8, uint64_t r9, sgx_enclave_run* run);

}  // namespace twine::host::sgx

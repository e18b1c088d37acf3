// Calling __vdso_sgx_enter_enclave from C++: the function "does not ensure full compliance with the x86-64
// ABI" (<asm/sgx.h>), so everything that a C++ caller relies on is kept here: RBX, RBP, R12 to R15, MXCSR,
// the x87 control word, and DF clear. What an enclave leaves in the other registers is not trusted to follow
// any convention.
#pragma once

#include <asm/sgx.h>
#include <ucontext.h>

#include <cstdint>

namespace twine::host::sgx {

[[nodiscard]] int call_vdso(vdso_sgx_enter_enclave_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx,
                            uint32_t leaf, uint64_t r8, uint64_t r9, sgx_enclave_run* run);

// What call_vdso returns for a thread that was turned aside. The vDSO's own results are never positive.
inline constexpr int kDiverted = 1;

// For signal handlers: if the thread that the signal found stands ready to resume the enclave thread of this TCS, at the asynchronous
// exit pointer with ERESUME in EAX, makes its call_vdso return kDiverted instead. Whether it did.
bool divert(ucontext_t& context, uint64_t tcs);

}  // namespace twine::host::sgx

#include "host/sgx/vdso_call.h"

#include "common/sgx/arch.h"

namespace {

// Arguments of one call, at the offsets that vdso_call.S reads.
struct Call {
  uint64_t rdi;
  uint64_t rsi;
  uint64_t rdx;
  uint64_t rcx;
  uint64_t r8;
  uint64_t r9;
  sgx_enclave_run* run;
  vdso_sgx_enter_enclave_t function;
};
static_assert(sizeof(Call) == 64);

}  // namespace

extern "C" int twine_sgx_call_vdso(const Call* call);
extern "C" const char twine_sgx_diverted[];

int twine::host::sgx::call_vdso(vdso_sgx_enter_enclave_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx,
                                uint32_t leaf, uint64_t r8, uint64_t r9, sgx_enclave_run* run) {
  const Call call = {
      .rdi = rdi, .rsi = rsi, .rdx = rdx, .rcx = leaf, .r8 = r8, .r9 = r9, .run = run, .function = function};
  return twine_sgx_call_vdso(&call);
}

bool twine::host::sgx::divert(ucontext_t& context, uint64_t tcs) {
  greg_t* const registers = context.uc_mcontext.gregs;
  const auto reg = [&](int number) { return static_cast<uint64_t>(registers[number]); };
  // SDM vol. 3D, "Asynchronous Enclave Exits": the synthetic state.
  const bool is_ready = reg(REG_RAX) == static_cast<uint64_t>(twine::sgx::Enclu::eresume) &&
                        reg(REG_RBX) == tcs && reg(REG_RCX) == reg(REG_RIP);
  if (is_ready) registers[REG_RIP] = reinterpret_cast<greg_t>(twine_sgx_diverted);
  return is_ready;
}

#include "host/sgx/vdso_call.h"

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

int twine::host::sgx::call_vdso(vdso_sgx_enter_enclave_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx,
                                uint32_t leaf, uint64_t r8, uint64_t r9, sgx_enclave_run* run) {
  const Call call = {
      .rdi = rdi, .rsi = rsi, .rdx = rdx, .rcx = leaf, .r8 = r8, .r9 = r9, .run = run, .function = function};
  return twine_sgx_call_vdso(&call);
}

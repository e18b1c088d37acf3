// The processor's part of the start: cpu.cc judges, this asks.
#include "common/sgx/arch.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/platform/cpu.h"
#include "enclave/platform/platform.h"
#include "enclave/start/layout.h"

namespace twine::enclave {
namespace {

uint64_t features;
CryptoFeatures crypto;

hostcall::CpuidRegisters ask(uint32_t leaf, uint32_t subleaf) {
  hostcall::CpuidRegisters registers{};
  if (!hostcall::cpuid(leaf, subleaf, registers))
    panic("the host does not tell the processor's features (cpuid)");
  return registers;
}

}  // namespace

void check_cpu() {
  const uint64_t xfrm = identity().xfrm;
  CpuidTable table{};
  table.leaf1 = ask(1, 0);
  table.leaf7 = ask(7, 0);
  table.extended1 = ask(0x8000'0001, 0);
  for (uint32_t component = 2; component < table.xsave.size(); ++component) {
    if ((xfrm >> component & 1) != 0) table.xsave[component] = ask(0xd, component);
  }
  const std::string_view missing = missing_feature(table, xfrm);
  if (!missing.empty()) panic(missing);
  constexpr uint64_t kRoom = sgx::ssa_exinfo_offset(kImage.ssa_frame_pages);
  if (xsave_size(table, xfrm) > kRoom) panic("the extended state (XFRM) does not fit the SSA frame");
  features = usable_features(table, xfrm);
  crypto = crypto_features(table, xfrm);
}

uint64_t cpu_features() {
  return features;
}
const CryptoFeatures& crypto_features() {
  return crypto;
}

}  // namespace twine::enclave

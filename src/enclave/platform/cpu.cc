#include "enclave/platform/cpu.h"

#include <algorithm>

#include "common/sgx/arch.h"
#include "common/twm.h"

namespace twine::enclave {
namespace {

using hostcall::CpuidRegisters;

constexpr bool bit(uint32_t value, unsigned number) {
  return (value >> number & 1) != 0;
}

constexpr uint64_t kXsaveLegacyAndHeader = 512 + 64;

}  // namespace

uint64_t usable_features(const CpuidTable& table, uint64_t xfrm) {
  const bool avx_state = (xfrm & sgx::kXfrmAvx) != 0;
  const bool avx512_state = avx_state && (xfrm & sgx::kXfrmAvx512) == sgx::kXfrmAvx512;
  const uint32_t ecx1 = table.leaf1.ecx;
  const uint32_t ebx7 = table.leaf7.ebx;
  const bool avx = avx_state && bit(ecx1, 28);
  const bool avx2 = avx && bit(ebx7, 5);
  uint64_t features = 0;
  const auto add = [&](bool present, CpuFeature feature) {
    if (present) features |= feature;
  };
  add(bit(ecx1, 20), kCpuSse42);
  add(bit(ecx1, 23), kCpuPopcnt);
  add(avx, kCpuAvx);
  add(avx2, kCpuAvx2);
  add(bit(ebx7, 3), kCpuBmi1);
  add(bit(ebx7, 8), kCpuBmi2);
  add(avx && bit(ecx1, 12), kCpuFma);
  add(bit(table.extended1.ecx, 5), kCpuLzcnt);
  add(bit(ecx1, 22), kCpuMovbe);
  add(avx && bit(ecx1, 29), kCpuF16c);
  const bool avx512 =
      bit(ebx7, 16) && bit(ebx7, 17) && bit(ebx7, 28) && bit(ebx7, 30) && bit(ebx7, 31);  // F DQ CD BW VL
  add(avx2 && avx512_state && avx512, kCpuAvx512);
  return features;
}

uint64_t xsave_size(const CpuidTable& table, uint64_t xfrm) {
  uint64_t size = kXsaveLegacyAndHeader;
  for (unsigned component = 2; component < table.xsave.size(); ++component) {
    if ((xfrm >> component & 1) == 0) continue;
    // 0DH: EAX is the component's size, EBX its offset.
    size = std::max(size, uint64_t{table.xsave[component].ebx} + table.xsave[component].eax);
  }
  return size;
}

CryptoFeatures crypto_features(const CpuidTable& table, uint64_t xfrm) {
  const uint32_t ecx1 = table.leaf1.ecx;
  const bool avx = (xfrm & sgx::kXfrmAvx) != 0 && bit(ecx1, 28);
  return {.ssse3 = bit(ecx1, 9),
          .sse41 = bit(ecx1, 19),
          .aesni = bit(ecx1, 25),
          .pclmul = bit(ecx1, 1),
          .rdrand = bit(ecx1, 30),
          .avx = avx,
          .avx2 = avx && bit(table.leaf7.ebx, 5)};
}

std::string_view missing_feature(const CpuidTable& table, uint64_t xfrm) {
  const CryptoFeatures crypto = crypto_features(table, xfrm);
  const uint64_t features = usable_features(table, xfrm);
  if ((features & kCpuSse42) == 0 || (features & kCpuPopcnt) == 0 || !crypto.ssse3)
    return "the processor lacks x86-64-v2 (SSE4.2, POPCNT)";
  if (!crypto.aesni || !crypto.pclmul)
    return "the processor lacks AES-NI or PCLMULQDQ, which the enclave's encryption needs";
  if (!crypto.rdrand) return "the processor lacks RDRAND, the enclave's source of random numbers";
  return {};
}

}  // namespace twine::enclave

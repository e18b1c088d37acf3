// Which processor features may be used, and whether the ones that the image itself needs are there.
//
// CPUID cannot be executed inside; the table comes from the host, once, at start. It is a claim: a feature
// counts only if XFRM of the self-REPORT enables its state. A host that claims too much makes code fault
// (#UD), one that claims too little makes it slower or not run; neither makes it wrong.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/hostcall.h"

namespace twine::enclave {

// The rows of CPUID (SDM vol. 2A, "CPUID") that are asked for.
struct CpuidTable {
  hostcall::CpuidRegisters leaf1;                  // 01H
  hostcall::CpuidRegisters leaf7;                  // 07H, 0
  hostcall::CpuidRegisters extended1;              // 80000001H
  std::array<hostcall::CpuidRegisters, 10> xsave;  // 0DH, components 2 to 9; the first two are unused
};

// CpuFeature bits of common/twm.h.
[[nodiscard]] uint64_t usable_features(const CpuidTable& table, uint64_t xfrm);

// Bytes of the XSAVE area, standard format, for `xfrm`.
[[nodiscard]] uint64_t xsave_size(const CpuidTable& table, uint64_t xfrm);

// What this image's code uses beyond x86-64-v2, for libsodium's choice of code and for start.
struct CryptoFeatures {
  bool ssse3, sse41, aesni, pclmul, rdrand, avx, avx2;
};
[[nodiscard]] CryptoFeatures crypto_features(const CpuidTable& table, uint64_t xfrm);

// The first thing that the image needs and the processor lacks, or "".
[[nodiscard]] std::string_view missing_feature(const CpuidTable& table, uint64_t xfrm);

// Asks the host for the table, checks it, and panics if the image cannot run here. Then cpu_features()
// answers.
void check_cpu();
[[nodiscard]] const CryptoFeatures& crypto_features();

}  // namespace twine::enclave

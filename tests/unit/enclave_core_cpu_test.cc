#include "enclave/platform/cpu.h"

#include <gtest/gtest.h>

#include "common/sgx/arch.h"
#include "common/twm.h"

namespace twine::enclave {
namespace {

constexpr uint64_t kAvxXfrm = sgx::kXfrmLegacy | sgx::kXfrmAvx;
constexpr uint64_t kAvx512Xfrm = kAvxXfrm | sgx::kXfrmAvx512;

// A processor with everything; the XSAVE components lie as Intel has them.
CpuidTable everything() {
  CpuidTable table{};
  table.leaf1 = table.leaf7 = table.extended1 = {.eax = ~0U, .ebx = ~0U, .ecx = ~0U, .edx = ~0U};
  table.xsave[2] = {.eax = 256, .ebx = 576, .ecx = 0, .edx = 0};
  table.xsave[5] = {.eax = 64, .ebx = 1088, .ecx = 0, .edx = 0};
  table.xsave[6] = {.eax = 512, .ebx = 1152, .ecx = 0, .edx = 0};
  table.xsave[7] = {.eax = 1024, .ebx = 1664, .ecx = 0, .edx = 0};
  table.xsave[9] = {.eax = 8, .ebx = 2688, .ecx = 0, .edx = 0};
  return table;
}

TEST(CpuFeatures, UsesNoAvxThatXfrmDoesNotEnable) {
  const uint64_t features = usable_features(everything(), sgx::kXfrmLegacy);
  EXPECT_EQ(features & (kCpuAvx | kCpuAvx2 | kCpuFma | kCpuF16c | kCpuAvx512), 0U);
  EXPECT_NE(features & kCpuSse42, 0U);
  EXPECT_FALSE(crypto_features(everything(), sgx::kXfrmLegacy).avx);
}

TEST(CpuFeatures, UsesAvx512OnlyWithAllItsState) {
  EXPECT_EQ(usable_features(everything(), kAvxXfrm) & kCpuAvx512, 0U);
  EXPECT_EQ(usable_features(everything(), kAvxXfrm | (uint64_t{1} << 5)) & kCpuAvx512, 0U);
  EXPECT_NE(usable_features(everything(), kAvx512Xfrm) & kCpuAvx512, 0U);
}

TEST(CpuFeatures, UsesNothingThatTheTableDoesNotName) {
  EXPECT_EQ(usable_features(CpuidTable{}, kAvx512Xfrm), 0U);
  CpuidTable table = everything();
  table.leaf1.ecx &= ~(1U << 28);  // no AVX: what builds on it goes with it
  EXPECT_EQ(usable_features(table, kAvx512Xfrm) & (kCpuAvx | kCpuAvx2 | kCpuFma | kCpuF16c | kCpuAvx512), 0U);
}

TEST(CpuFeatures, NamesWhatTheImageLacks) {
  EXPECT_EQ(missing_feature(everything(), kAvxXfrm), "");
  CpuidTable table = everything();
  table.leaf1.ecx &= ~(1U << 25);
  EXPECT_NE(missing_feature(table, kAvxXfrm).find("AES-NI"), std::string_view::npos);
  table = everything();
  table.leaf1.ecx &= ~(1U << 30);
  EXPECT_NE(missing_feature(table, kAvxXfrm).find("RDRAND"), std::string_view::npos);
}

TEST(CpuFeatures, AddsUpTheXsaveAreaOfTheComponentsInUse) {
  EXPECT_EQ(xsave_size(everything(), sgx::kXfrmLegacy), 576U);
  EXPECT_EQ(xsave_size(everything(), kAvxXfrm), 832U);
  EXPECT_EQ(xsave_size(everything(), kAvx512Xfrm | sgx::kXfrmPkru), 2696U);
}

}  // namespace
}  // namespace twine::enclave

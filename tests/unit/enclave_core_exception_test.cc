#include "enclave/platform/sgx/exception.h"

#include <gtest/gtest.h>

#include <set>

namespace twine::enclave {
namespace {

constexpr uint32_t hardware(sgx::Vector vector) {
  return sgx::kExitinfoValid | sgx::kExitinfoTypeHardware | static_cast<uint32_t>(vector);
}

TEST(ExceptionDecision, AtMostInterruptsTheGuestWhenTheProcessorReportedNothingWhateverTheHostClaims) {
  for (uint32_t rest = 0; rest < 0x800; ++rest) {
    EXPECT_EQ(respond(rest, true), ExceptionResponse::interrupt);
    EXPECT_EQ(respond(rest, false), ExceptionResponse::nothing);
  }
}

TEST(ExceptionDecision, SendsPageFaultsOfAnyCodeToTheLedger) {
  EXPECT_EQ(respond(hardware(sgx::Vector::pf), true), ExceptionResponse::page_fault);
  EXPECT_EQ(respond(hardware(sgx::Vector::pf), false), ExceptionResponse::page_fault);
}

TEST(ExceptionDecision, GivesTheGuestItsFaultsAndDiesOfItsOwn) {
  for (const auto vector : {sgx::Vector::ud, sgx::Vector::de, sgx::Vector::mf, sgx::Vector::xm,
                            sgx::Vector::gp, sgx::Vector::ac}) {
    EXPECT_EQ(respond(hardware(vector), true), ExceptionResponse::guest_fault);
    EXPECT_EQ(respond(hardware(vector), false), ExceptionResponse::die);
  }
}

TEST(ExceptionDecision, DiesOfEverythingElse) {
  const std::set<uint32_t> known = {0, 6, 13, 14, 16, 17, 19};  // #DE #UD #GP #PF #MF #AC #XM
  for (uint32_t vector = 0; vector < 256; ++vector) {
    if (known.contains(vector)) continue;
    EXPECT_EQ(respond(sgx::kExitinfoValid | sgx::kExitinfoTypeHardware | vector, true),
              ExceptionResponse::die)
        << vector;
  }
  EXPECT_EQ(respond(sgx::kExitinfoValid | sgx::kExitinfoTypeSoftware | static_cast<uint32_t>(sgx::Vector::bp),
                    true),
            ExceptionResponse::die);
  EXPECT_EQ(respond(sgx::kExitinfoValid | sgx::kExitinfoTypeSoftware | static_cast<uint32_t>(sgx::Vector::pf),
                    true),
            ExceptionResponse::die);
  EXPECT_EQ(respond(sgx::kExitinfoValid | static_cast<uint32_t>(sgx::Vector::pf), true),
            ExceptionResponse::die);
}

}  // namespace
}  // namespace twine::enclave

// Building and initialising: the driver's checks, EINIT's checks, and SIGSTRUCTs made by others.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "emulator_test_enclave.h"
#include "host/emulator/sigstruct.h"

namespace twine::test {
namespace {

using sgx::ErrorCode;

constexpr int code(ErrorCode error) {
  return static_cast<int>(error);
}

// The result of EINIT after `change` and, if asked for, a new signature over what it changed.
template <typename Change>
int init_after(Change change, bool sign_again, const TestEnclaveOptions& options = {}) {
  const auto enclave = TestEnclave::prepare(options);
  if (enclave == nullptr) return -1;
  change(enclave->sigstruct());
  if (sign_again) enclave->sign();
  return enclave->init();
}

TEST(EmulatorEinit, AcceptsTheEnclaveThatWasSigned) {
  EXPECT_EQ(init_after([](sgx::Sigstruct&) {}, false), 0);
}

TEST(EmulatorEinit, RefusesAChangedSignatureAndChangedQuotients) {
  EXPECT_EQ(init_after([](auto& s) { s.signature[7] ^= 1; }, false), code(ErrorCode::invalid_signature));
  EXPECT_EQ(init_after([](auto& s) { s.q1[0] ^= 1; }, false), code(ErrorCode::invalid_signature));
  EXPECT_EQ(init_after([](auto& s) { s.q2[383] ^= 1; }, false), code(ErrorCode::invalid_signature));
  EXPECT_EQ(init_after([](auto& s) { s.isvsvn ^= 1; }, false), code(ErrorCode::invalid_signature));
  EXPECT_EQ(init_after([](auto& s) { std::memset(s.modulus, 0, sizeof s.modulus); }, false),
            code(ErrorCode::invalid_signature));
}

TEST(EmulatorEinit, RefusesAMalformedHeaderBeforeItLooksAtTheSignature) {
  EXPECT_EQ(init_after([](auto& s) { s.header[0] = 7; }, false), code(ErrorCode::invalid_sig_struct));
  EXPECT_EQ(init_after([](auto& s) { s.header2[0] = 7; }, false), code(ErrorCode::invalid_sig_struct));
  EXPECT_EQ(init_after([](auto& s) { s.exponent = 65537; }, false), code(ErrorCode::invalid_sig_struct));
  EXPECT_EQ(init_after([](auto& s) { s.reserved1[0] = 1; }, false), code(ErrorCode::invalid_sig_struct));
  EXPECT_EQ(init_after([](auto& s) { s.reserved4[11] = 1; }, false), code(ErrorCode::invalid_sig_struct));
  EXPECT_EQ(init_after([](auto& s) { s.vendor = 1; }, false), -EINVAL);  // the driver's own check
}

TEST(EmulatorEinit, RefusesAnotherMeasurement) {
  EXPECT_EQ(init_after([](auto& s) { s.enclavehash[0] ^= 1; }, true), code(ErrorCode::invalid_measurement));
}

TEST(EmulatorEinit, RefusesAttributesThatWereNotSigned) {
  EXPECT_EQ(init_after([](auto& s) { s.attributes.flags |= sgx::kAttributeDebug; }, true),
            code(ErrorCode::invalid_attribute));
  EXPECT_EQ(init_after([](auto& s) { s.miscselect = 0; }, true), code(ErrorCode::invalid_attribute));
  const TestEnclaveOptions debug = {.attribute_flags = sgx::kAttributeMode64Bit | sgx::kAttributeDebug};
  EXPECT_EQ(init_after([](auto& s) { s.attributes.flags &= ~sgx::kAttributeDebug; }, true, debug),
            code(ErrorCode::invalid_attribute));
}

TEST(EmulatorEinit, WithAMaskTheStarterChoosesDebug) {
  const TestEnclaveOptions debug = {.attribute_flags = sgx::kAttributeMode64Bit | sgx::kAttributeDebug};
  const auto leave_open = [](sgx::Sigstruct& s) {
    s.attributes.flags &= ~sgx::kAttributeDebug;
    s.attributemask.flags &= ~sgx::kAttributeDebug;
  };
  EXPECT_EQ(init_after(leave_open, true, debug), 0);
}

TEST(EmulatorEinit, FamilyIdsNeedKss) {
  EXPECT_EQ(init_after([](auto& s) { s.isvfamilyid[0] = 1; }, true), code(ErrorCode::invalid_sig_struct));
  const TestEnclaveOptions kss = {.attribute_flags = sgx::kAttributeMode64Bit | sgx::kAttributeKss};
  EXPECT_EQ(init_after([](auto& s) { s.isvfamilyid[0] = 1; }, true, kss), 0);
}

TEST(EmulatorEinit, ProvisioningMustBeAllowedAndTheLaunchKeyNeverIs) {
  const uint64_t mode = sgx::kAttributeMode64Bit;
  EXPECT_EQ(init_after([](auto&) {}, false, {.attribute_flags = mode | sgx::kAttributeProvisionKey}),
            -EACCES);
  EXPECT_EQ(init_after([](auto&) {}, false,
                       {.attribute_flags = mode | sgx::kAttributeProvisionKey, .provision = true}),
            0);
  EXPECT_EQ(init_after([](auto&) {}, false, {.attribute_flags = mode | sgx::kAttributeEinittokenKey}),
            -EACCES);
}

TEST(EmulatorEinit, AnEnclaveThatIsInitialisedTakesNoMorePagesAndNoSecondInit) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->init(), -EINVAL);
  alignas(4096) static const std::array<uint8_t, 4096> page{};
  const sgx::Secinfo secinfo{.flags = sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR,
                             .reserved = {}};
  sgx_enclave_add_pages argument{};
  argument.src = reinterpret_cast<uint64_t>(page.data());
  argument.offset = kDynamic;
  argument.length = page.size();
  argument.secinfo = reinterpret_cast<uint64_t>(&secinfo);
  EXPECT_EQ(enclave->driver().add_pages(argument), -EINVAL);
}

TEST(EmulatorEinit, AnEnclaveThatIsNotInitialisedCannotBeEntered) {
  const auto enclave = TestEnclave::prepare();
  ASSERT_NE(enclave, nullptr);
  enclave->map_all();
  const Exit exit = enclave->enter(Do::echo, 1, 1);
  EXPECT_EQ(exit.function, kEenter);
  EXPECT_EQ(exit.vector, 13);
}

class AddPages : public testing::Test {
 protected:
  void SetUp() override {
    enclave = TestEnclave::prepare();
    ASSERT_NE(enclave, nullptr);
    argument.src = reinterpret_cast<uint64_t>(page.data());
    argument.offset = kDynamic;
    argument.length = 4096;
    argument.secinfo = reinterpret_cast<uint64_t>(&secinfo);
  }
  int add() { return enclave->driver().add_pages(argument); }

  std::unique_ptr<TestEnclave> enclave;
  alignas(4096) std::array<uint8_t, 8192> page{};
  sgx::Secinfo secinfo{.flags = sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR | sgx::kSecinfoW,
                       .reserved = {}};
  sgx_enclave_add_pages argument{};
};

TEST_F(AddPages, AreCountedAndCannotBeAddedTwice) {
  argument.length = 8192;
  EXPECT_EQ(add(), 0);
  EXPECT_EQ(argument.count, 8192U);
  EXPECT_EQ(add(), -EBUSY);
  EXPECT_EQ(argument.count, 0U);
}

TEST_F(AddPages, MustBeAlignedAndInRange) {
  argument.offset = kDynamic + 1;
  EXPECT_EQ(add(), -EINVAL);
  argument.offset = uint64_t{1} << 20;
  EXPECT_EQ(add(), -EINVAL);
  argument.offset = kDynamic;
  argument.length = 0;
  EXPECT_EQ(add(), -EINVAL);
  argument.length = 4096;
  argument.src += 1;
  EXPECT_EQ(add(), -EINVAL);
}

TEST_F(AddPages, NeedASecinfoThatTheDriverAdmits) {
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoW;
  EXPECT_EQ(add(), -EINVAL);
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::tcs) | sgx::kSecinfoR;
  EXPECT_EQ(add(), -EINVAL);
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::va);
  EXPECT_EQ(add(), -EINVAL);
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR | sgx::kSecinfoPending;
  EXPECT_EQ(add(), -EINVAL);
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR;
  secinfo.reserved[55] = 1;
  EXPECT_EQ(add(), -EINVAL);
}

TEST_F(AddPages, GiveEfaultForAddressesThatCannotBeRead) {
  argument.src = 0;
  EXPECT_EQ(add(), -EFAULT);
  argument.src = reinterpret_cast<uint64_t>(page.data());
  argument.secinfo = 8;
  EXPECT_EQ(add(), -EFAULT);
}

TEST_F(AddPages, RefuseATcsWhoseReservedBytesAreSet) {
  secinfo.flags = sgx::secinfo_page_type(sgx::PageType::tcs);
  page[4095] = 1;
  EXPECT_EQ(add(), -EIO);
}

// SIGSTRUCTs of Intel's own enclaves.
class ForeignSigstructs : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = TWINE_SIGSTRUCTS;
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
      ASSERT_EQ(bytes.size(), sgx::kSigstructSize) << entry.path();
      std::memcpy(&sigstructs.emplace_back(), bytes.data(), bytes.size());
    }
    ASSERT_FALSE(sigstructs.empty());
  }
  static bool valid(const sgx::Sigstruct& sigstruct) {
    return host::emulator::sigstruct_header_valid(sigstruct) &&
           host::emulator::sigstruct_signature_valid(sigstruct);
  }
  std::vector<sgx::Sigstruct> sigstructs;
};

TEST_F(ForeignSigstructs, AllVerify) {
  for (const sgx::Sigstruct& sigstruct : sigstructs) EXPECT_TRUE(valid(sigstruct));
}

TEST_F(ForeignSigstructs, NoneVerifiesWithAnyBitFlipped) {
  std::array<uint8_t, sgx::kSigstructSize> bytes{};
  std::memcpy(bytes.data(), &sigstructs.front(), bytes.size());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    sgx::Sigstruct flipped{};
    std::memcpy(&flipped, bytes.data(), bytes.size());
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    ASSERT_FALSE(valid(flipped)) << "bit " << bit;
  }
}

}  // namespace
}  // namespace twine::test

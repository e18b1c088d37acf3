// EREPORT and EGETKEY: reports verify under the target's key; keys depend on what the SDM says, and on
// nothing else.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "emulator_test_enclave.h"
#include "host/emulator/platform.h"

namespace twine::test {
namespace {

using host::emulator::Key128;
using sgx::Enclu;
using sgx::KeyName;

constexpr uint64_t kRequestAt = kData;  // 512 bytes
constexpr uint64_t kReportDataAt = kData + 512;
constexpr uint64_t kOutputAt = kData + 1024;
constexpr uint64_t kInvalidAttribute = 2;
constexpr uint64_t kInvalidCpusvn = 32;
constexpr uint64_t kInvalidIsvsvn = 64;
constexpr uint64_t kInvalidKeyname = 256;

sgx::KeyRequest request_for(KeyName name, uint16_t policy = 0) {
  sgx::KeyRequest request{};
  request.keyname = static_cast<uint16_t>(name);
  request.keypolicy = policy;
  request.isvsvn = 1;
  return request;
}

// The error code, with the key in `key` when it is 0.
uint64_t egetkey(TestEnclave& enclave, const sgx::KeyRequest& request, Key128& key) {
  enclave.copy_in(kRequestAt, &request, sizeof request);
  const Exit exit = enclave.enclu(Enclu::egetkey, enclave.at(kRequestAt), enclave.at(kOutputAt));
  EXPECT_EQ(exit.function, kEexit) << "exception " << exit.vector;
  enclave.copy_out(kOutputAt, key.data(), key.size());
  return exit.rdi;
}

Key128 key_of(TestEnclave& enclave, const sgx::KeyRequest& request) {
  Key128 key{};
  EXPECT_EQ(egetkey(enclave, request, key), 0U);
  return key;
}

uint64_t error_of(TestEnclave& enclave, const sgx::KeyRequest& request) {
  Key128 key{};
  return egetkey(enclave, request, key);
}

sgx::Report ereport(TestEnclave& enclave, const sgx::TargetInfo& target, const uint8_t (&data)[64]) {
  enclave.copy_in(kRequestAt, &target, sizeof target);
  enclave.copy_in(kReportDataAt, data, sizeof data);
  EXPECT_EQ(
      enclave.enclu(Enclu::ereport, enclave.at(kRequestAt), enclave.at(kReportDataAt), enclave.at(kOutputAt))
          .function,
      kEexit);
  sgx::Report report{};
  enclave.copy_out(kOutputAt, &report, sizeof report);
  return report;
}

sgx::TargetInfo target_of(const sgx::Report& self) {
  sgx::TargetInfo target{};
  std::memcpy(target.measurement, self.mrenclave, sizeof self.mrenclave);
  target.attributes = self.attributes;
  target.miscselect = self.miscselect;
  return target;
}

TEST(EmulatorReport, SaysWhatTheEnclaveIs) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const sgx::Report report = ereport(*enclave, {}, {1, 2, 3});
  EXPECT_EQ(std::memcmp(report.mrenclave, enclave->mrenclave().data(), 32), 0);
  EXPECT_EQ(std::memcmp(report.mrsigner, image::mrsigner_of(enclave->sigstruct()).data(), 32), 0);
  EXPECT_EQ(report.attributes.flags, sgx::kAttributeInit | sgx::kAttributeMode64Bit);
  EXPECT_EQ(report.attributes.xfrm, sgx::kXfrmLegacy | sgx::kXfrmAvx);
  EXPECT_EQ(report.miscselect, sgx::kMiscExinfo);
  EXPECT_EQ(report.isvprodid, 9);
  EXPECT_EQ(report.isvsvn, 3);
  EXPECT_EQ(report.reportdata[1], 2);
}

TEST(EmulatorReport, VerifiesUnderTheReportKeyOfItsTargetAndOfNobodyElse) {
  const auto source = TestEnclave::make();
  const auto target = TestEnclave::make({.measure_data = false});
  ASSERT_NE(source, nullptr);
  ASSERT_NE(target, nullptr);
  const sgx::TargetInfo info = target_of(ereport(*target, {}, {}));
  const sgx::Report report = ereport(*source, info, {42});
  sgx::KeyRequest request = request_for(KeyName::report);
  std::memcpy(request.keyid, report.keyid, sizeof report.keyid);
  const auto mac_under = [&](TestEnclave& enclave) {
    return host::emulator::aes_cmac(
        key_of(enclave, request),
        std::span(reinterpret_cast<const uint8_t*>(&report), sgx::kReportMacedSize));
  };
  // The key identity is drawn at each opening of the package, the key is not.
  EXPECT_EQ(std::memcmp(mac_under(*target).data(), report.mac, sizeof report.mac), 0);
  EXPECT_NE(std::memcmp(mac_under(*source).data(), report.mac, sizeof report.mac), 0);
}

TEST(EmulatorReport, WantsItsOperandsAlignedAndInside) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(
      enclave->enclu(Enclu::ereport, enclave->at(kData) + 256, enclave->at(kData), enclave->at(kData)).vector,
      13);
  EXPECT_EQ(enclave->handle(3).function, kEexit);
  EXPECT_EQ(enclave->resume().function, kEexit);
  alignas(512) static const sgx::TargetInfo outside{};
  EXPECT_EQ(enclave
                ->enclu(Enclu::ereport, reinterpret_cast<uint64_t>(&outside), enclave->at(kData),
                        enclave->at(kData))
                .vector,
            13);
  EXPECT_EQ(enclave->handle(3).function, kEexit);
  EXPECT_EQ(enclave->resume().function, kEexit);
  // Not writable: a page fault at the output.
  EXPECT_EQ(
      enclave->enclu(Enclu::ereport, enclave->at(kData), enclave->at(kData), enclave->at(kReadOnly)).vector,
      14);
  EXPECT_EQ(enclave->handle(3).rdx, enclave->at(kReadOnly));
}

TEST(EmulatorKeys, ASealKeyOfTheSignerIsSharedByItsEnclavesAndOneOfTheEnclaveIsNot) {
  const auto first = TestEnclave::make();
  const auto second = TestEnclave::make({.measure_data = false});
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  const auto by_signer = request_for(KeyName::seal, sgx::kKeypolicyMrsigner);
  const auto by_enclave = request_for(KeyName::seal, sgx::kKeypolicyMrenclave);
  EXPECT_EQ(key_of(*first, by_signer), key_of(*second, by_signer));
  EXPECT_NE(key_of(*first, by_enclave), key_of(*second, by_enclave));
  const auto again = TestEnclave::make();
  EXPECT_EQ(key_of(*first, by_enclave), key_of(*again, by_enclave));
  const auto other_signer = TestEnclave::make({.sign_with_second_key = true});
  EXPECT_NE(key_of(*first, by_signer), key_of(*other_signer, by_signer));
  EXPECT_EQ(key_of(*first, by_enclave), key_of(*other_signer, by_enclave));
}

TEST(EmulatorKeys, ASealKeyDependsOnEachPartOfTheRequest) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const auto base = request_for(KeyName::seal, sgx::kKeypolicyMrsigner);
  const Key128 reference = key_of(*enclave, base);
  auto changed = base;
  changed.keyid[31] = 1;
  EXPECT_NE(key_of(*enclave, changed), reference);
  changed = base;
  changed.isvsvn = 2;
  EXPECT_NE(key_of(*enclave, changed), reference);
  changed = base;
  changed.attributemask.flags = sgx::kAttributeMode64Bit;
  EXPECT_NE(key_of(*enclave, changed), reference);
  changed = base;
  changed.miscmask = 1;
  EXPECT_NE(key_of(*enclave, changed), reference);
  changed = base;
  changed.cpusvn[0] = 1;
  EXPECT_NE(key_of(*enclave, changed), reference);
  EXPECT_EQ(key_of(*enclave, base), reference);
}

TEST(EmulatorKeys, ADebugEnclaveGetsOtherSealKeys) {
  const auto production = TestEnclave::make();
  const auto debug = TestEnclave::make({.attribute_flags = sgx::kAttributeMode64Bit | sgx::kAttributeDebug});
  ASSERT_NE(debug, nullptr);
  const auto request = request_for(KeyName::seal, sgx::kKeypolicyMrenclave);
  EXPECT_NE(key_of(*production, request), key_of(*debug, request));
}

TEST(EmulatorKeys, NoKeyIsGivenForAHigherVersionOrAnUnknownName) {
  const auto enclave = TestEnclave::make({.isv_svn = 3});
  ASSERT_NE(enclave, nullptr);
  auto request = request_for(KeyName::seal);
  request.isvsvn = 3;
  EXPECT_EQ(error_of(*enclave, request), 0U);
  request.isvsvn = 4;
  EXPECT_EQ(error_of(*enclave, request), kInvalidIsvsvn);
  request = request_for(KeyName::seal);
  request.cpusvn[0] = 2;
  EXPECT_EQ(error_of(*enclave, request), kInvalidCpusvn);
  request = request_for(KeyName::seal);
  request.keyname = 5;
  EXPECT_EQ(error_of(*enclave, request), kInvalidKeyname);
}

TEST(EmulatorKeys, TheProvisioningKeysNeedTheAttribute) {
  const auto plain = TestEnclave::make();
  ASSERT_NE(plain, nullptr);
  EXPECT_EQ(error_of(*plain, request_for(KeyName::provision)), kInvalidAttribute);
  EXPECT_EQ(error_of(*plain, request_for(KeyName::provision_seal)), kInvalidAttribute);
  EXPECT_EQ(error_of(*plain, request_for(KeyName::einittoken)), kInvalidAttribute);
  const auto provisioning = TestEnclave::make(
      {.attribute_flags = sgx::kAttributeMode64Bit | sgx::kAttributeProvisionKey, .provision = true});
  ASSERT_NE(provisioning, nullptr);
  const auto first = key_of(*provisioning, request_for(KeyName::provision));
  EXPECT_NE(first, key_of(*provisioning, request_for(KeyName::provision_seal)));
}

TEST(EmulatorKeys, ReservedBitsAndKssPoliciesAreRefusedWithAFault) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  auto request = request_for(KeyName::seal, sgx::kKeypolicyConfigid);
  enclave->copy_in(kRequestAt, &request, sizeof request);
  EXPECT_EQ(enclave->enclu(Enclu::egetkey, enclave->at(kRequestAt), enclave->at(kOutputAt)).vector, 13);
  EXPECT_EQ(enclave->handle(3).function, kEexit);
  EXPECT_EQ(enclave->resume().function, kEexit);
  request = request_for(KeyName::seal);
  request.reserved2[433] = 1;
  enclave->copy_in(kRequestAt, &request, sizeof request);
  EXPECT_EQ(enclave->enclu(Enclu::egetkey, enclave->at(kRequestAt), enclave->at(kOutputAt)).vector, 13);
}

TEST(EmulatorPlatform, AnotherSecretGivesOtherKeysAndTheSameGivesTheSame) {
  const std::array<uint8_t, 32> secret = {1};
  std::array<uint8_t, 32> other = secret;
  other[31] = 1;
  const host::emulator::KeyDependencies dependencies{.keyname = 4};
  EXPECT_EQ(host::emulator::Platform(secret).derive_key(dependencies),
            host::emulator::Platform(secret).derive_key(dependencies));
  EXPECT_NE(host::emulator::Platform(secret).derive_key(dependencies),
            host::emulator::Platform(other).derive_key(dependencies));
}

TEST(EmulatorPlatform, TheSecretIsMadeOnceAndReadableByItsOwnerOnly) {
  const std::string path = test_platform_secret() + ".made/here/platform-secret";
  const auto first = host::emulator::Platform::open(path);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = host::emulator::Platform::open(path);
  ASSERT_TRUE(second);
  const host::emulator::KeyDependencies dependencies{.keyname = 4};
  EXPECT_EQ(first->derive_key(dependencies), second->derive_key(dependencies));
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(EmulatorPlatform, ADamagedSecretIsNotReplaced) {
  const std::string path = test_platform_secret() + ".damaged";
  FILE* const file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fputs("something else\n", file);
  fclose(file);
  const auto opened = host::emulator::Platform::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::malformed);
  EXPECT_NE(opened.error().message.find(path), std::string::npos);
}

// NIST SP 800-38B, appendix D.1, example 2.
TEST(EmulatorPlatform, AesCmacGivesThePublishedAnswer) {
  const std::array<uint8_t, 16> key = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                       0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  const std::array<uint8_t, 16> message = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
                                           0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
  const std::array<uint8_t, 16> mac = {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44,
                                       0xf7, 0x9b, 0xdd, 0x9d, 0xd0, 0x4a, 0x28, 0x7c};
  EXPECT_EQ(host::emulator::aes_cmac(key, message), mac);
}

}  // namespace
}  // namespace twine::test

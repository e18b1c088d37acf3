// SIGSTRUCT: Intel's own production ones verify, and nothing near them does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"

namespace twine::image {
namespace {

using ::testing::HasSubstr;

std::vector<std::vector<uint8_t>> production_sigstructs() {
  std::vector<std::vector<uint8_t>> found;
  if (!std::filesystem::is_directory(TWINE_SIGSTRUCTS)) return found;
  for (const auto& entry : std::filesystem::directory_iterator(TWINE_SIGSTRUCTS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    found.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return found;
}

Result<void> parse_and_verify(std::span<const uint8_t> bytes) {
  return verify_sigstruct(TWINE_TRY(parse_sigstruct(bytes)));
}

const SigningKey& key() {
  static const SigningKey key = SigningKey::generate().value();
  return key;
}

sgx::Sigstruct signed_sigstruct() {
  Mrenclave mrenclave;
  mrenclave.fill(0x5a);
  sgx::Sigstruct sigstruct = make_sigstruct(mrenclave, {.date = 0x20240229, .isv_prod_id = 1, .isv_svn = 2});
  EXPECT_TRUE(key().sign(sigstruct));
  return sigstruct;
}

TEST(Sigstruct, OfEveryProductionLaunchEnclaveVerifies) {
  const auto sigstructs = production_sigstructs();
  if (sigstructs.empty()) GTEST_SKIP() << TWINE_SIGSTRUCTS " is not there";
  EXPECT_EQ(sigstructs.size(), 5);
  for (const auto& bytes : sigstructs) {
    const auto verdict = parse_and_verify(bytes);
    EXPECT_TRUE(verdict) << verdict.error().message;
  }
}

TEST(Sigstruct, IsRefusedWithAnySingleBitFlipped) {
  const auto sigstructs = production_sigstructs();
  const SigstructBytes own = to_bytes(signed_sigstruct());
  std::vector<uint8_t> bytes =
      sigstructs.empty() ? std::vector<uint8_t>(own.begin(), own.end()) : sigstructs.front();
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    EXPECT_FALSE(parse_and_verify(bytes)) << "bit " << bit % 8 << " of byte " << bit / 8;
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
  }
  EXPECT_TRUE(parse_and_verify(bytes));
}

TEST(Sigstruct, IsRefusedWithAnotherSize) {
  const SigstructBytes bytes = to_bytes(signed_sigstruct());
  EXPECT_FALSE(parse_sigstruct(std::span(bytes).first(bytes.size() - 1)));
  EXPECT_FALSE(parse_sigstruct({}));
}

TEST(Sigstruct, DemandsExinfoAndForbidsDebug) {
  const sgx::Sigstruct sigstruct = signed_sigstruct();
  EXPECT_TRUE(verify_sigstruct(sigstruct));
  EXPECT_EQ(sigstruct.miscselect, 1);
  EXPECT_EQ(sigstruct.miscmask, 1);
  EXPECT_EQ(sigstruct.attributes.flags, sgx::kAttributeMode64Bit);
  EXPECT_EQ(sigstruct.attributemask.flags, ~uint64_t{0});
  EXPECT_EQ(sigstruct.attributemask.xfrm & sgx::kXfrmAvx, 0) << "AVX is the host's to offer";
  EXPECT_NE(sigstruct.attributemask.xfrm & sgx::kXfrmAmx, 0) << "AMX has no room in the SSA frame";
  EXPECT_FALSE(allows_debug(sigstruct));
}

TEST(Sigstruct, AllowsDebugOnlyWhenAsked) {
  const sgx::Sigstruct sigstruct = make_sigstruct({}, {.allow_debug = true});
  EXPECT_EQ(sigstruct.attributemask.flags, ~sgx::kAttributeDebug);
  EXPECT_TRUE(allows_debug(sigstruct));
  sgx::Sigstruct demanding = make_sigstruct({}, {});
  demanding.attributes.flags |= sgx::kAttributeDebug;  // EINIT then starts it with DEBUG only
  EXPECT_TRUE(allows_debug(demanding));
}

TEST(Sigstruct, SignedInTwoStepsIsTheSameAsInOne) {
  const sgx::Sigstruct in_one = signed_sigstruct();
  auto in_two = from_to_be_signed(to_be_signed(in_one));
  ASSERT_TRUE(in_two) << in_two.error().message;
  RsaNumber signature;
  std::ranges::reverse_copy(in_one.signature, signature.begin());
  ASSERT_TRUE(attach_signature(*in_two, key().modulus(), signature));
  EXPECT_EQ(to_bytes(*in_two), to_bytes(in_one));
}

TEST(Sigstruct, RefusesToAttachASignatureOverOtherData) {
  const sgx::Sigstruct signed_one = signed_sigstruct();
  RsaNumber signature;
  std::ranges::reverse_copy(signed_one.signature, signature.begin());
  sgx::Sigstruct other = make_sigstruct({}, {});
  const auto verdict = attach_signature(other, key().modulus(), signature);
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().message, HasSubstr("SIGNATURE"));
}

TEST(Sigstruct, RefusesToAttachASignatureOfAnotherKey) {
  const SigningKey other_key = SigningKey::generate().value();
  sgx::Sigstruct sigstruct = signed_sigstruct();
  RsaNumber signature;
  std::ranges::reverse_copy(sigstruct.signature, signature.begin());
  EXPECT_FALSE(attach_signature(sigstruct, other_key.modulus(), signature));
}

TEST(Sigstruct, RefusesDataToBeSignedThatIsNotASigstructs) {
  ToBeSigned bytes = to_be_signed(make_sigstruct({}, {}));
  EXPECT_TRUE(from_to_be_signed(bytes));
  EXPECT_FALSE(from_to_be_signed(std::span(bytes).first(255)));
  bytes[0] ^= 1;
  EXPECT_FALSE(from_to_be_signed(bytes));
}

TEST(Sigstruct, NamesItsSignerByTheHashOfTheModulus) {
  const sgx::Sigstruct sigstruct = signed_sigstruct();
  RsaNumber little_endian;
  std::ranges::reverse_copy(key().modulus(), little_endian.begin());
  Mrsigner expected;
  SHA256(little_endian.data(), little_endian.size(), expected.data());
  EXPECT_EQ(mrsigner_of(sigstruct), expected);
}

}  // namespace
}  // namespace twine::image

// The format of sealed blobs. Who can open them is a matter of keys: tests/adversarial/sealing_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "enclave/crypto/sealed_blob.h"

namespace twine::enclave {
namespace {

using ::testing::HasSubstr;

Bytes bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<uint8_t> sealed(std::string_view secret = "secret", std::string_view context = "context") {
  return seal(SealPolicy::this_signer, bytes(secret), bytes(context)).value();
}

TEST(SealedBlob, OpensAsItWasSealed) {
  for (const size_t size : {0U, 1U, 15U, 16U, 17U, 100'000U}) {
    std::vector<uint8_t> secret(size, 0x5a);
    const auto blob = seal(SealPolicy::this_enclave, secret, bytes("context"));
    ASSERT_TRUE(blob);
    EXPECT_EQ(blob->size(), size + kSealedOverhead);
    const auto opened = unseal(*blob, bytes("context"));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->secret, secret);
    EXPECT_EQ(opened->policy, SealPolicy::this_enclave);
    EXPECT_EQ(opened->isv_svn, identity().isv_svn);
  }
}

TEST(SealedBlob, DoesNotOpenAfterAnyOneBitOfItHasChanged) {
  const std::vector<uint8_t> blob = sealed();
  for (size_t bit = 0; bit < 8 * blob.size(); ++bit) {
    std::vector<uint8_t> changed = blob;
    changed[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    EXPECT_FALSE(unseal(changed, bytes("context"))) << "bit " << bit;
  }
}

TEST(SealedBlob, DoesNotOpenWhenCutOrLengthened) {
  std::vector<uint8_t> blob = sealed();
  for (size_t size = 0; size < blob.size(); ++size)
    EXPECT_FALSE(unseal(Bytes(blob).first(size), bytes("context"))) << size;
  blob.push_back(0);
  EXPECT_FALSE(unseal(blob, bytes("context")));
}

TEST(SealedBlob, DoesNotOpenInAnotherContext) {
  for (const std::string_view other : {"", "contex", "context ", "Context"})
    EXPECT_FALSE(unseal(sealed(), bytes(other))) << other;
}

TEST(SealedBlob, TwoOfOneSecretHaveNothingInCommonButTheirHeaders) {
  const std::vector<uint8_t> one = sealed();
  const std::vector<uint8_t> two = sealed();
  EXPECT_NE(0, std::memcmp(one.data() + 32, two.data() + 32, 32)) << "key_id";
  EXPECT_NE(0, std::memcmp(one.data() + kSealedHeaderSize, two.data() + kSealedHeaderSize, 6))
      << "ciphertext";
}

TEST(SealedBlob, NamesTheVersionsWhenItComesFromANewerEnclave) {
  std::vector<uint8_t> blob = sealed();
  blob[12] = 3;
  const auto opened = unseal(blob, bytes("context"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::signature);
  EXPECT_THAT(opened.error().message,
              HasSubstr("sealed by a newer version (SVN 3) of this enclave; this one is SVN 2"));
}

TEST(SealedBlob, OfALaterFormatSaysSo) {
  std::vector<uint8_t> blob = sealed();
  blob[8] = 2;
  const auto opened = unseal(blob, bytes("context"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
}

TEST(SealedBlob, WithAnImpossibleSizeIsMalformed) {
  std::vector<uint8_t> blob = sealed();
  std::memset(blob.data() + 64, 0xff, 8);
  const auto opened = unseal(blob, bytes("context"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace twine::enclave

// Known answers of published vectors, through the enclave's wrapper and its own platform under libsodium.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "enclave/crypto/crypto.h"
#include "enclave/crypto/start_crypto.h"
#include "enclave/platform/cpu.h"

namespace twine::enclave {

// In the enclave the checked CPUID table answers; here the processor that runs the test.
const CryptoFeatures& crypto_features() {
  static const CryptoFeatures features = {.ssse3 = __builtin_cpu_supports("ssse3") != 0,
                                          .sse41 = __builtin_cpu_supports("sse4.1") != 0,
                                          .aesni = __builtin_cpu_supports("aes") != 0,
                                          .pclmul = __builtin_cpu_supports("pclmul") != 0,
                                          .rdrand = true,
                                          .avx = __builtin_cpu_supports("avx") != 0,
                                          .avx2 = __builtin_cpu_supports("avx2") != 0};
  return features;
}

namespace {

std::vector<uint8_t> from_hex(std::string_view text) {
  const auto digit = [](char character) {
    return character <= '9' ? static_cast<unsigned>(character - '0')
                            : static_cast<unsigned>(character - 'a' + 10);
  };
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

template <size_t kSize>
std::array<uint8_t, kSize> array_from_hex(std::string_view text) {
  const std::vector<uint8_t> bytes = from_hex(text);
  std::array<uint8_t, kSize> array{};
  EXPECT_EQ(bytes.size(), kSize);
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class EnclaveCrypto : public testing::Test {
 protected:
  static void SetUpTestSuite() { start_crypto(); }
};

TEST_F(EnclaveCrypto, HashesAsFips180Says) {
  const auto expected =
      array_from_hex<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(bytes_of("abc")), expected);
  Sha256Stream stream;
  stream.update(bytes_of("a"));
  stream.update({});
  stream.update(bytes_of("bc"));
  EXPECT_EQ(stream.finish(), expected);
}

TEST_F(EnclaveCrypto, AuthenticatesWithHmac) {
  std::array<uint8_t, 32> key{};
  for (size_t i = 0; i < key.size(); ++i) key.at(i) = static_cast<uint8_t>(i);
  EXPECT_EQ(hmac_sha256(key, bytes_of("Twine")),
            array_from_hex<32>("f82391c46706f4bbfd12df3e0e10e8865adb50d3e277bba6b135a67d5743c31a"));
}

TEST_F(EnclaveCrypto, VerifiesTheSignatureOfRfc8032AndNoOtherBitPattern) {
  const auto key = array_from_hex<32>("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  auto signature = array_from_hex<64>(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2e"
      "aeb4"
      "302aeeb00d291612bb0c00");
  const std::array<uint8_t, 1> message = {0x72};
  EXPECT_TRUE(ed25519_verify(message, signature, key));
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    signature.at(bit / 8) ^= static_cast<uint8_t>(1U << bit % 8);
    EXPECT_FALSE(ed25519_verify(message, signature, key)) << bit;
    signature.at(bit / 8) ^= static_cast<uint8_t>(1U << bit % 8);
  }
  EXPECT_FALSE(ed25519_verify(bytes_of("s"), signature, key));
  EXPECT_FALSE(ed25519_verify(message, signature, Ed25519PublicKey{}));  // of small order
}

TEST_F(EnclaveCrypto, EncryptsAsTheGcmSpecificationSaysAndRefusesAWrongTag) {
  const std::array<uint8_t, 32> key{};
  const std::array<uint8_t, 16> plaintext{};
  const Aes256Gcm cipher(key);
  std::array<uint8_t, 16> ciphertext{};
  Aes256Gcm::Tag tag = cipher.encrypt({}, {}, plaintext, ciphertext);
  EXPECT_EQ(ciphertext, array_from_hex<16>("cea7403d4d606b6e074ec5d3baf39d18"));
  EXPECT_EQ(tag, array_from_hex<16>("d0d1c8a799996bf0265b98b5d48ab919"));
  std::array<uint8_t, 16> opened = {1};
  EXPECT_TRUE(cipher.decrypt({}, {}, ciphertext, tag, opened));
  EXPECT_EQ(opened, plaintext);
  EXPECT_FALSE(cipher.decrypt({}, bytes_of("x"), ciphertext, tag, opened));
  tag[15] ^= 1;
  EXPECT_FALSE(cipher.decrypt({}, {}, ciphertext, tag, opened));
}

TEST_F(EnclaveCrypto, AgreesOnKeysAsRfc7748SaysAndRefusesASmallOrderKey) {
  const X25519Key nine = {9};
  const auto expected =
      array_from_hex<32>("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  EXPECT_EQ(x25519_public(nine), expected);
  X25519Key shared{};
  EXPECT_TRUE(x25519(nine, nine, shared));
  EXPECT_EQ(shared, expected);
  EXPECT_FALSE(x25519(nine, X25519Key{}, shared));
  EXPECT_EQ(shared, X25519Key{});
}

TEST_F(EnclaveCrypto, ComparesAndWipes) {
  std::array<uint8_t, 4> secret = {1, 2, 3, 4};
  EXPECT_TRUE(equal_constant_time(secret, std::array<uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_FALSE(equal_constant_time(secret, std::array<uint8_t, 4>{1, 2, 3, 5}));
  EXPECT_FALSE(equal_constant_time(secret, std::array<uint8_t, 3>{1, 2, 3}));
  wipe(secret);
  EXPECT_EQ(secret, (std::array<uint8_t, 4>{}));
}

}  // namespace
}  // namespace twine::enclave

#include "host/emulator/sigstruct.h"

#include <openssl/bn.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "host/emulator/secinfo.h"

namespace twine::host::emulator {

using sgx::kRsaKeySize;
using sgx::Sigstruct;

namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using Arithmetic = std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)>;

Number number(const uint8_t (&bytes)[kRsaKeySize]) {
  return {BN_lebin2bn(bytes, kRsaKeySize, nullptr), BN_free};
}
Number number() {
  return {BN_new(), BN_free};
}

// What a signature cubed must be: EMSA-PKCS1-v1_5 (RFC 8017, 9.2) of SHA-256 over the two signed parts,
// big-endian.
std::array<uint8_t, kRsaKeySize> padded_digest(const Sigstruct& sigstruct) {
  static constexpr uint8_t kDigestInfo[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                            0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  std::array<uint8_t, sgx::kSigstructSignedPart1Size + sgx::kSigstructSignedPart2Size> message{};
  const auto* const bytes = reinterpret_cast<const uint8_t*>(&sigstruct);
  std::memcpy(message.data(), bytes, sgx::kSigstructSignedPart1Size);
  std::memcpy(message.data() + sgx::kSigstructSignedPart1Size, bytes + sgx::kSigstructSignedPart2Offset,
              sgx::kSigstructSignedPart2Size);

  std::array<uint8_t, kRsaKeySize> padded{};
  padded.fill(0xff);
  padded[0] = 0;
  padded[1] = 1;
  uint8_t* const digest = padded.data() + kRsaKeySize - SHA256_DIGEST_LENGTH;
  SHA256(message.data(), message.size(), digest);
  std::memcpy(digest - sizeof kDigestInfo, kDigestInfo, sizeof kDigestInfo);
  digest[-static_cast<int>(sizeof kDigestInfo) - 1] = 0;
  return padded;
}

}  // namespace

bool sigstruct_header_valid(const Sigstruct& sigstruct) {
  return std::equal(std::begin(sgx::kSigstructHeader), std::end(sgx::kSigstructHeader), sigstruct.header) &&
         (sigstruct.vendor == 0 || sigstruct.vendor == sgx::kSigstructVendorIntel) &&
         std::equal(std::begin(sgx::kSigstructHeader2), std::end(sgx::kSigstructHeader2),
                    sigstruct.header2) &&
         sigstruct.exponent == 3 && all_zero(sigstruct.reserved1) && all_zero(sigstruct.reserved2) &&
         all_zero(sigstruct.reserved3) && all_zero(sigstruct.reserved4);
}

bool sigstruct_signature_valid(const Sigstruct& sigstruct) {
  const Arithmetic context(BN_CTX_new(), BN_CTX_free);
  const Number modulus = number(sigstruct.modulus);
  const Number signature = number(sigstruct.signature);
  const Number claimed_q1 = number(sigstruct.q1);
  const Number claimed_q2 = number(sigstruct.q2);
  const Number product = number();
  const Number quotient = number();
  const Number remainder = number();
  if (!context || !modulus || !signature || !claimed_q1 || !claimed_q2 || !product || !quotient || !remainder)
    return false;
  if (BN_is_zero(modulus.get()) || BN_cmp(signature.get(), modulus.get()) >= 0) return false;

  // s^2 = q1 * n + r1;  s * r1 = q2 * n + r2;  so r2 = s^3 mod n.
  if (BN_sqr(product.get(), signature.get(), context.get()) != 1 ||
      BN_div(quotient.get(), remainder.get(), product.get(), modulus.get(), context.get()) != 1 ||
      BN_cmp(quotient.get(), claimed_q1.get()) != 0) {
    return false;
  }
  if (BN_mul(product.get(), signature.get(), remainder.get(), context.get()) != 1 ||
      BN_div(quotient.get(), remainder.get(), product.get(), modulus.get(), context.get()) != 1 ||
      BN_cmp(quotient.get(), claimed_q2.get()) != 0) {
    return false;
  }
  std::array<uint8_t, kRsaKeySize> cube{};
  return BN_bn2binpad(remainder.get(), cube.data(), kRsaKeySize) == kRsaKeySize &&
         cube == padded_digest(sigstruct);
}

std::array<uint8_t, 32> sigstruct_mrsigner(const Sigstruct& sigstruct) {
  std::array<uint8_t, 32> digest{};
  SHA256(sigstruct.modulus, kRsaKeySize, digest.data());
  return digest;
}

}  // namespace twine::host::emulator

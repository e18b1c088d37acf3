#include "host/image/sigstruct.h"

#include <openssl/bn.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace twine::image {
namespace {

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

std::unexpected<Error> refuse(const char* message) {
  return fail(ErrorCode::signature, std::string("SIGSTRUCT: ") + message);
}

// BIGNUM functions fail only without memory, or on a division by zero, which callers exclude.
void require(int openssl_result) {
  if (openssl_result != 1) std::abort();
}

Number new_number() {
  Number number(BN_new());
  if (!number) std::abort();
  return number;
}

Number from_little_endian(std::span<const uint8_t> bytes) {
  Number number(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (!number) std::abort();
  return number;
}

Number from_big_endian(std::span<const uint8_t> bytes) {
  Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  if (!number) std::abort();
  return number;
}

void to_little_endian(const Number& number, std::span<uint8_t> bytes) {
  // Quotients of numbers below a 384-byte modulus fit in 384 bytes.
  if (BN_bn2lebinpad(number.get(), bytes.data(), static_cast<int>(bytes.size())) < 0) std::abort();
}

// RSA with e = 3 in the steps that SIGSTRUCT's q1 and q2 spare the processor two divisions in:
//   q1 = s^2 / n      r = s^2 mod n      q2 = s * r / n      message = s * r mod n
struct Opened {
  Number q1, q2, message;
};

Opened open_signature(const Number& signature, const Number& modulus) {
  const std::unique_ptr<BN_CTX, FreeNumber> context(BN_CTX_new());
  if (!context) std::abort();
  Opened opened{new_number(), new_number(), new_number()};
  const Number product = new_number();
  const Number remainder = new_number();
  require(BN_sqr(product.get(), signature.get(), context.get()));
  require(BN_div(opened.q1.get(), remainder.get(), product.get(), modulus.get(), context.get()));
  require(BN_mul(product.get(), signature.get(), remainder.get(), context.get()));
  require(BN_div(opened.q2.get(), opened.message.get(), product.get(), modulus.get(), context.get()));
  return opened;
}

// EMSA-PKCS1-v1_5 (RFC 8017, 9.2): 00 01 ff…ff 00, DigestInfo of SHA-256, digest.
RsaNumber encode_message(const ToBeSigned& bytes) {
  constexpr uint8_t kDigestInfo[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
  RsaNumber encoded;
  encoded.fill(0xff);
  encoded[0] = 0x00;
  encoded[1] = 0x01;
  uint8_t* const digest = encoded.data() + encoded.size() - SHA256_DIGEST_LENGTH;
  uint8_t* const info = digest - sizeof(kDigestInfo);
  info[-1] = 0x00;
  std::memcpy(info, kDigestInfo, sizeof(kDigestInfo));
  SHA256(bytes.data(), bytes.size(), digest);
  return encoded;
}

bool is_zero(std::span<const uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// Everything that the signature covers and that has one right value.
Result<void> check_fixed_fields(const sgx::Sigstruct& sigstruct) {
  if (!std::ranges::equal(sigstruct.header, sgx::kSigstructHeader))
    return refuse("HEADER is not that of a SIGSTRUCT");
  if (sigstruct.vendor != 0 && sigstruct.vendor != sgx::kSigstructVendorIntel)
    return refuse("VENDOR is neither 0 nor 8086h");
  if (!std::ranges::equal(sigstruct.header2, sgx::kSigstructHeader2))
    return refuse("HEADER2 is not that of a SIGSTRUCT");
  if (!is_zero(sigstruct.reserved1) || !is_zero(sigstruct.reserved2) || !is_zero(sigstruct.reserved3)) {
    return refuse("a reserved field is not zero");
  }
  return {};
}

}  // namespace

sgx::Sigstruct make_sigstruct(const Mrenclave& mrenclave, const SigstructOptions& options) {
  sgx::Sigstruct sigstruct{};
  std::ranges::copy(sgx::kSigstructHeader, sigstruct.header);
  std::ranges::copy(sgx::kSigstructHeader2, sigstruct.header2);
  sigstruct.date = options.date;
  sigstruct.exponent = 3;
  sigstruct.miscselect = sgx::kMiscExinfo;
  sigstruct.miscmask = sgx::kMiscExinfo;
  sigstruct.attributes = {.flags = sgx::kAttributeMode64Bit, .xfrm = sgx::kXfrmLegacy};
  sigstruct.attributemask = {.flags = ~uint64_t{0}, .xfrm = ~kOptionalXfrm};
  if (options.allow_debug) sigstruct.attributemask.flags &= ~sgx::kAttributeDebug;
  std::ranges::copy(mrenclave, sigstruct.enclavehash);
  sigstruct.isvprodid = options.isv_prod_id;
  sigstruct.isvsvn = options.isv_svn;
  return sigstruct;
}

ToBeSigned to_be_signed(const sgx::Sigstruct& sigstruct) {
  const SigstructBytes bytes = to_bytes(sigstruct);
  ToBeSigned result;
  std::memcpy(result.data(), bytes.data(), sgx::kSigstructSignedPart1Size);
  std::memcpy(result.data() + sgx::kSigstructSignedPart1Size, bytes.data() + sgx::kSigstructSignedPart2Offset,
              sgx::kSigstructSignedPart2Size);
  return result;
}

Result<sgx::Sigstruct> from_to_be_signed(std::span<const uint8_t> bytes) {
  if (bytes.size() != sizeof(ToBeSigned)) {
    return fail(ErrorCode::malformed, "the data to be signed has " + std::to_string(bytes.size()) +
                                          " bytes instead of " + std::to_string(sizeof(ToBeSigned)) +
                                          "; write it with --to-be-signed");
  }
  SigstructBytes whole{};
  std::memcpy(whole.data(), bytes.data(), sgx::kSigstructSignedPart1Size);
  std::memcpy(whole.data() + sgx::kSigstructSignedPart2Offset, bytes.data() + sgx::kSigstructSignedPart1Size,
              sgx::kSigstructSignedPart2Size);
  sgx::Sigstruct sigstruct = TWINE_TRY(parse_sigstruct(whole));
  sigstruct.exponent = 3;
  TWINE_TRY(check_fixed_fields(sigstruct));
  return sigstruct;
}

Result<void> attach_signature(sgx::Sigstruct& sigstruct, const RsaNumber& modulus,
                              const RsaNumber& signature) {
  const Number n = from_big_endian(modulus);
  const Number s = from_big_endian(signature);
  if (BN_num_bits(n.get()) != 8 * sgx::kRsaKeySize) return refuse("the key is not RSA-3072");
  if (BN_cmp(s.get(), n.get()) >= 0)
    return refuse("the signature is not smaller than the modulus: it is another key's");
  const Opened opened = open_signature(s, n);
  sigstruct.exponent = 3;
  to_little_endian(n, sigstruct.modulus);
  to_little_endian(s, sigstruct.signature);
  to_little_endian(opened.q1, sigstruct.q1);
  to_little_endian(opened.q2, sigstruct.q2);
  return verify_sigstruct(sigstruct);
}

SigstructBytes to_bytes(const sgx::Sigstruct& sigstruct) {
  SigstructBytes bytes;
  std::memcpy(bytes.data(), &sigstruct, bytes.size());
  return bytes;
}

Result<sgx::Sigstruct> parse_sigstruct(std::span<const uint8_t> bytes) {
  if (bytes.size() != sgx::kSigstructSize) {
    return fail(ErrorCode::malformed, "not a SIGSTRUCT: it has " + std::to_string(bytes.size()) +
                                          " bytes instead of " + std::to_string(sgx::kSigstructSize));
  }
  sgx::Sigstruct sigstruct{};
  std::memcpy(&sigstruct, bytes.data(), bytes.size());
  return sigstruct;
}

Result<void> verify_sigstruct(const sgx::Sigstruct& sigstruct) {
  TWINE_TRY(check_fixed_fields(sigstruct));
  if (!is_zero(sigstruct.reserved4)) return refuse("a reserved field is not zero");
  if (sigstruct.exponent != 3) return refuse("EXPONENT is not 3");

  const Number modulus = from_little_endian(sigstruct.modulus);
  const Number signature = from_little_endian(sigstruct.signature);
  if (BN_num_bits(modulus.get()) != 8 * sgx::kRsaKeySize) return refuse("MODULUS is not of 3072 bits");
  if (BN_cmp(signature.get(), modulus.get()) >= 0) return refuse("SIGNATURE is not smaller than MODULUS");
  const Opened opened = open_signature(signature, modulus);
  if (BN_cmp(opened.q1.get(), from_little_endian(sigstruct.q1).get()) != 0)
    return refuse("Q1 is not SIGNATURE^2 / MODULUS");
  if (BN_cmp(opened.q2.get(), from_little_endian(sigstruct.q2).get()) != 0) {
    return refuse("Q2 is not (SIGNATURE^3 - Q1 * SIGNATURE * MODULUS) / MODULUS");
  }
  const Number expected = from_big_endian(encode_message(to_be_signed(sigstruct)));
  if (BN_cmp(opened.message.get(), expected.get()) != 0)
    return refuse("SIGNATURE is not MODULUS's over these fields");
  return {};
}

bool allows_debug(const sgx::Sigstruct& sigstruct) {
  return (sigstruct.attributemask.flags & sgx::kAttributeDebug) == 0 ||
         (sigstruct.attributes.flags & sgx::kAttributeDebug) != 0;
}

Mrsigner mrsigner_of(const sgx::Sigstruct& sigstruct) {
  Mrsigner result;
  SHA256(sigstruct.modulus, sizeof(sigstruct.modulus), result.data());
  return result;
}

}  // namespace twine::image

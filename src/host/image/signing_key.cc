#include "host/image/signing_key.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "host/files/files.h"
#include "host/files/user_directories.h"

namespace twine::image {
namespace {

constexpr uint64_t kMaxKeyFileSize = 64 << 10;
constexpr char kHowToMakeOne[] = "make one with: openssl genrsa -3 -out KEY.pem 3072";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// OpenSSL's errors stay in a queue of the thread; they are of no use to a user, and must not be found by a
// later call.
std::unexpected<Error> failed(ErrorCode code, std::string message) {
  ERR_clear_error();
  return fail(code, std::move(message));
}

Owned<BIO> reader(std::span<const uint8_t> bytes) {
  return Owned<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

Result<RsaNumber> modulus_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1)
    return failed(ErrorCode::unsupported, std::string("not an RSA key; ") + kHowToMakeOne);
  BIGNUM* modulus = nullptr;
  BIGNUM* exponent = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus);
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent);
  const Owned<BIGNUM> owned_modulus(modulus);
  const Owned<BIGNUM> owned_exponent(exponent);
  if (modulus == nullptr || exponent == nullptr)
    return failed(ErrorCode::internal, "OpenSSL does not tell the key's numbers");
  if (BN_num_bits(modulus) != 8 * sgx::kRsaKeySize || BN_is_word(exponent, 3) != 1) {
    return failed(ErrorCode::unsupported,
                  std::string("SGX needs RSA with 3072 bits and exponent 3; ") + kHowToMakeOne);
  }
  RsaNumber result;
  if (BN_bn2binpad(modulus, result.data(), static_cast<int>(result.size())) < 0) {
    return failed(ErrorCode::internal, "OpenSSL does not tell the key's modulus");
  }
  return result;
}

// An encrypted key would make OpenSSL ask on the terminal; a build must not hang there.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

Result<SigningKey> SigningKey::from(KeyPointer key) {
  const RsaNumber modulus = TWINE_TRY(modulus_of(key.get()));
  return SigningKey(std::move(key), modulus);
}

Result<SigningKey> SigningKey::generate() {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  const Owned<BIGNUM> exponent(BN_new());
  EVP_PKEY* key = nullptr;
  if (!context || !exponent || BN_set_word(exponent.get(), 3) != 1 ||
      EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 8 * sgx::kRsaKeySize) != 1 ||
      EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get()) != 1 ||
      EVP_PKEY_generate(context.get(), &key) != 1) {
    return failed(ErrorCode::internal, "OpenSSL cannot make an RSA-3072 key with exponent 3");
  }
  return from(KeyPointer(key));
}

Result<SigningKey> SigningKey::parse(std::span<const uint8_t> pem) {
  const Owned<BIO> bio = reader(pem);
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) {
    return failed(ErrorCode::malformed,
                  std::string("not an unencrypted private key in PEM form; ") + kHowToMakeOne);
  }
  return from(std::move(key));
}

Result<std::vector<uint8_t>> SigningKey::to_pem() const {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return failed(ErrorCode::internal, "OpenSSL cannot write the key");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::vector<uint8_t>(text, text + size);
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& path) {
  const std::vector<uint8_t> pem = TWINE_TRY(host::read_file(path, kMaxKeyFileSize));
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
    return fail(ErrorCode::permission,
                path.string() +
                    ": others can read this private key; chmod 600 it, and consider it known if they could");
  }
  Result<SigningKey> key = parse(pem);
  if (!key) return within(path.string(), std::move(key).error());
  return key;
}

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    TWINE_TRY(host::create_private_directory(path.parent_path()));
    const SigningKey key = TWINE_TRY(generate());
    const std::vector<uint8_t> pem = TWINE_TRY(key.to_pem());
    TWINE_TRY(host::create_file(path, pem, 0600));  // when another process was faster, its key is taken
  }
  return load(path);
}

Result<void> SigningKey::sign(sgx::Sigstruct& sigstruct) const {
  const ToBeSigned message = to_be_signed(sigstruct);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  RsaNumber signature;
  size_t size = signature.size();
  // RSA keys of this type sign by PKCS #1 v1.5 unless told otherwise.
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1 ||
      size != signature.size()) {
    return failed(ErrorCode::internal, "OpenSSL cannot sign with this key");
  }
  return attach_signature(sigstruct, modulus_, signature);
}

Result<RsaNumber> load_public_key(const std::filesystem::path& path) {
  const std::vector<uint8_t> pem = TWINE_TRY(host::read_file(path, kMaxKeyFileSize));
  const Owned<BIO> bio = reader(pem);
  EVP_PKEY* const key = PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr);
  if (key == nullptr) {
    return failed(ErrorCode::malformed, path.string() +
                                            ": not a public key in PEM form; extract it with: openssl rsa "
                                            "-in KEY.pem -pubout -out PUBLIC.pem");
  }
  Result<RsaNumber> modulus = modulus_of(key);
  EVP_PKEY_free(key);
  if (!modulus) return within(path.string(), std::move(modulus).error());
  return modulus;
}

Result<std::filesystem::path> default_signing_key_path() {
  return TWINE_TRY(host::configuration_directory()) / "enclave-signing-key.pem";
}

}  // namespace twine::image

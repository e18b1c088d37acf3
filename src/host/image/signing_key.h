// The RSA-3072 key, e = 3, that signs enclaves (SIGSTRUCT). Its modulus' hash is MRSIGNER.
#pragma once

#include <openssl/evp.h>

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "common/result.h"
#include "host/image/sigstruct.h"

namespace twine::image {

class SigningKey {
 public:
  // From a PEM file (PKCS #8 or PKCS #1, unencrypted). Errors: not_found, permission (not readable, or
  // readable by others), malformed, unsupported (not RSA-3072 with e = 3, with the command that makes one),
  // io.
  static Result<SigningKey> load(const std::filesystem::path& path);

  // The same; makes the key (mode 0600, directories 0700) where there is none. Processes that do so at once
  // end with one key.
  static Result<SigningKey> load_or_create(const std::filesystem::path& path);

  static Result<SigningKey> generate();

  [[nodiscard]] const RsaNumber& modulus() const { return modulus_; }

  // Completes the SIGSTRUCT: modulus, signature, q1, q2. Errors: internal.
  Result<void> sign(sgx::Sigstruct& sigstruct) const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using KeyPointer = std::unique_ptr<EVP_PKEY, FreeKey>;

  SigningKey(KeyPointer key, const RsaNumber& modulus) : key_(std::move(key)), modulus_(modulus) {}
  static Result<SigningKey> from(KeyPointer key);
  static Result<SigningKey> parse(std::span<const uint8_t> pem);
  [[nodiscard]] Result<std::vector<uint8_t>> to_pem() const;

  KeyPointer key_;
  RsaNumber modulus_;
};

// The modulus of a PEM file's public key (SubjectPublicKeyInfo), for a key that lives elsewhere. Errors: as
// SigningKey::load.
Result<RsaNumber> load_public_key(const std::filesystem::path& path);

// Where the key for one's own builds lies: the user's configuration directory, "enclave-signing-key.pem".
Result<std::filesystem::path> default_signing_key_path();

}  // namespace twine::image

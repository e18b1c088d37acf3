// Signing of compiled modules: Ed25519 (RFC 8032) over all of the file but the signature.
//
// The key says whose compiler made the code; the enclave compares it with the keys that the launch manifest
// lists.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "common/result.h"

namespace twine::codegen {

using PublicKey = std::array<uint8_t, 32>;
using Signature = std::array<uint8_t, 64>;

// Something that can sign: a key in memory, or a token that keeps its key to itself.
class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer() = default;

  [[nodiscard]] virtual PublicKey public_key() const = 0;
  [[nodiscard]] virtual Result<Signature> sign(std::span<const uint8_t> message) const = 0;
};

// The key in a PEM file (PKCS #8, unencrypted). Errors: not_found, permission (the file can be read by
// others), malformed, io.
Result<std::unique_ptr<Signer>> load_signing_key(const std::filesystem::path& path);

// The same; where there is no file, makes a key and writes it with mode 0600, creating the directory with
// mode 0700. Two processes that do so at the same time end with the same key.
Result<std::unique_ptr<Signer>> load_or_create_signing_key(const std::filesystem::path& path);

// A key that lives only as long as the object. For tests.
Result<std::unique_ptr<Signer>> make_ephemeral_signing_key();

// Whether `signature` is the key's over `message`.
bool verify_signature(const PublicKey& key, std::span<const uint8_t> message, const Signature& signature);

}  // namespace twine::codegen

// The enclave's cryptography: a thin typed face of libsodium. Nothing here is invented; the sizes are in the types, failures are Results
// or bools that cannot be ignored, and secrets are wiped when they go.
//
//   SHA-256       FIPS 180-4
//   HMAC-SHA-256  RFC 2104
//   Ed25519       RFC 8032; signatures with small-order keys or non-canonical S are refused
//   AES-256-GCM   NIST SP 800-38D, AES-NI; 96-bit nonces, never to be used twice with one key
//   X25519        RFC 7748; an all-zero shared secret is refused
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace twine::enclave {

using Bytes = std::span<const uint8_t>;
using Sha256 = std::array<uint8_t, 32>;

[[nodiscard]] Sha256 sha256(Bytes data);

// SHA-256 of data that comes in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  void update(Bytes data);
  [[nodiscard]] Sha256 finish();  // once

 private:
  alignas(8) std::array<std::byte, 104> state_;  // crypto_hash_sha256_state
};

[[nodiscard]] Sha256 hmac_sha256(std::span<const uint8_t, 32> key, Bytes data);

// --- Signatures

using Ed25519PublicKey = std::array<uint8_t, 32>;
using Ed25519Signature = std::array<uint8_t, 64>;
[[nodiscard]] bool ed25519_verify(Bytes message, const Ed25519Signature& signature,
                                  const Ed25519PublicKey& key);

// --- Authenticated encryption

// An expanded AES-256 key; wiped at destruction.
class Aes256Gcm {
 public:
  static constexpr size_t kKeySize = 32;
  static constexpr size_t kNonceSize = 12;
  static constexpr size_t kTagSize = 16;
  using Nonce = std::array<uint8_t, kNonceSize>;
  using Tag = std::array<uint8_t, kTagSize>;

  explicit Aes256Gcm(std::span<const uint8_t, kKeySize> key);
  ~Aes256Gcm();
  Aes256Gcm(const Aes256Gcm&) = delete;
  Aes256Gcm& operator=(const Aes256Gcm&) = delete;

  // `ciphertext` is as long as `plaintext`; the two may be the same bytes.
  [[nodiscard]] Tag encrypt(const Nonce& nonce, Bytes associated, Bytes plaintext,
                            std::span<uint8_t> ciphertext) const;

  // False when the tag does not fit: then `plaintext` is not to be read.
  [[nodiscard]] bool decrypt(const Nonce& nonce, Bytes associated, Bytes ciphertext, const Tag& tag,
                             std::span<uint8_t> plaintext) const;

 private:
  alignas(16) std::array<std::byte, 512> state_;  // crypto_aead_aes256gcm_state
};

// --- Key agreement

using X25519Key = std::array<uint8_t, 32>;
[[nodiscard]] X25519Key x25519_public(const X25519Key& secret);
// False, and `shared` zero, when the other's key is of small order.
[[nodiscard]] bool x25519(const X25519Key& secret, const X25519Key& other_public, X25519Key& shared);

// --- Care

void wipe(std::span<uint8_t> secret);
[[nodiscard]] bool equal_constant_time(Bytes left, Bytes right);

}  // namespace twine::enclave

#include "enclave/crypto/crypto.h"

#include <sodium.h>

#include "enclave/crypto/start_crypto.h"
#include "enclave/platform/platform.h"

// libsodium's own, called by sodium_init(); not in its public headers.
extern "C" int
_crypto_scalarmult_curve25519_pick_best_implementation();  // NOLINT(bugprone-reserved-identifier)

namespace twine::enclave {

void start_crypto() {
  // The only algorithm of those used here that has several implementations to choose from; it cannot fail.
  static_cast<void>(_crypto_scalarmult_curve25519_pick_best_implementation());
}

namespace {

template <typename State, size_t kSize>
State& state_of(std::array<std::byte, kSize>& storage) {
  static_assert(sizeof(State) <= kSize);
  return *reinterpret_cast<State*>(storage.data());
}

template <typename State, size_t kSize>
const State& state_of(const std::array<std::byte, kSize>& storage) {
  static_assert(sizeof(State) <= kSize);
  return *reinterpret_cast<const State*>(storage.data());
}

// libsodium's functions that can fail only for arguments that the types here exclude.
void must(int status) {
  if (status != 0) panic("libsodium refused an argument that cannot be wrong");
}

}  // namespace

Sha256 sha256(Bytes data) {
  Sha256 digest;
  must(crypto_hash_sha256(digest.data(), data.data(), data.size()));
  return digest;
}

Sha256Stream::Sha256Stream() : state_{} {
  must(crypto_hash_sha256_init(&state_of<crypto_hash_sha256_state>(state_)));
}

void Sha256Stream::update(Bytes data) {
  must(crypto_hash_sha256_update(&state_of<crypto_hash_sha256_state>(state_), data.data(), data.size()));
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  must(crypto_hash_sha256_final(&state_of<crypto_hash_sha256_state>(state_), digest.data()));
  return digest;
}

Sha256 hmac_sha256(std::span<const uint8_t, 32> key, Bytes data) {
  Sha256 tag;
  must(crypto_auth_hmacsha256(tag.data(), data.data(), data.size(), key.data()));
  return tag;
}

bool ed25519_verify(Bytes message, const Ed25519Signature& signature, const Ed25519PublicKey& key) {
  return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(), key.data()) ==
         0;
}

Aes256Gcm::Aes256Gcm(std::span<const uint8_t, kKeySize> key) : state_{} {
  must(crypto_aead_aes256gcm_beforenm(&state_of<crypto_aead_aes256gcm_state>(state_), key.data()));
}

Aes256Gcm::~Aes256Gcm() {
  sodium_memzero(state_.data(), state_.size());
}

Aes256Gcm::Tag Aes256Gcm::encrypt(const Nonce& nonce, Bytes associated, Bytes plaintext,
                                  std::span<uint8_t> ciphertext) const {
  if (ciphertext.size() != plaintext.size()) panic("Aes256Gcm::encrypt: sizes differ");
  Tag tag;
  must(crypto_aead_aes256gcm_encrypt_detached_afternm(
      ciphertext.data(), tag.data(), nullptr, plaintext.data(), plaintext.size(), associated.data(),
      associated.size(), nullptr, nonce.data(), &state_of<crypto_aead_aes256gcm_state>(state_)));
  return tag;
}

bool Aes256Gcm::decrypt(const Nonce& nonce, Bytes associated, Bytes ciphertext, const Tag& tag,
                        std::span<uint8_t> plaintext) const {
  if (ciphertext.size() != plaintext.size()) panic("Aes256Gcm::decrypt: sizes differ");
  return crypto_aead_aes256gcm_decrypt_detached_afternm(
             plaintext.data(), nullptr, ciphertext.data(), ciphertext.size(), tag.data(), associated.data(),
             associated.size(), nonce.data(), &state_of<crypto_aead_aes256gcm_state>(state_)) == 0;
}

X25519Key x25519_public(const X25519Key& secret) {
  X25519Key key;
  must(crypto_scalarmult_curve25519_base(key.data(), secret.data()));
  return key;
}

bool x25519(const X25519Key& secret, const X25519Key& other_public, X25519Key& shared) {
  if (crypto_scalarmult_curve25519(shared.data(), secret.data(), other_public.data()) == 0) return true;
  shared = {};
  return false;
}

void wipe(std::span<uint8_t> secret) {
  sodium_memzero(secret.data(), secret.size());
}

bool equal_constant_time(Bytes left, Bytes right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace twine::enclave

// What libsodium's objects expect of the platform, provided here instead of by its own core.o, utils.o, runtime.o and randombytes.o.
// Those would bring mmap, mlock, getrandom, pthread_mutex and CPUID into the image; an archive member is not linked when all
// that others need of it is defined. A new use of libsodium that needs more fails to link, with the symbol's name.
//
//   symbol                        wanted by                             here
//   sodium_misuse                 argument checks                       panic
//   sodium_memzero, …_memcmp      every algorithm                       own, volatile or constant time
//   randombytes_buf, randombytes  key generation, Ed25519 blinding      RDRAND
//   sodium_runtime_has_…          choice of AES-NI and AVX code         the checked CPUID table
//   __errno_location              crypto_aead_aes256gcm_…, when absent  a word nobody reads
#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "enclave/platform/cpu.h"
#include "enclave/platform/platform.h"

namespace {

int ignored_errno;

}  // namespace

extern "C" {

void sodium_misuse() {
  twine::enclave::panic("libsodium was called with sizes that are out of its range");
}

void sodium_memzero(void* const pointer, const size_t size) {
  auto* bytes = static_cast<unsigned char*>(pointer);
  for (size_t i = 0; i < size; ++i) bytes[i] = 0;
  asm volatile("" : : "r"(pointer) : "memory");  // the stores are observed: they cannot be left out
}

int sodium_memcmp(const void* const left, const void* const right, size_t size) {
  const auto* a = static_cast<const volatile unsigned char*>(left);
  const auto* b = static_cast<const volatile unsigned char*>(right);
  unsigned difference = 0;
  for (size_t i = 0; i < size; ++i) difference |= static_cast<unsigned>(a[i]) ^ static_cast<unsigned>(b[i]);
  return difference == 0 ? 0 : -1;
}

int sodium_is_zero(const unsigned char* bytes, const size_t size) {
  const volatile unsigned char* watched = bytes;
  unsigned any = 0;
  for (size_t i = 0; i < size; ++i) any |= watched[i];
  return any == 0 ? 1 : 0;
}

void randombytes_buf(void* const out, const size_t size) {
  twine::enclave::random_bytes(std::span(static_cast<uint8_t*>(out), size));
}

void randombytes(unsigned char* const out, const unsigned long long size) {
  randombytes_buf(out, size);
}

int sodium_runtime_has_ssse3() {
  return twine::enclave::crypto_features().ssse3 ? 1 : 0;
}
int sodium_runtime_has_sse41() {
  return twine::enclave::crypto_features().sse41 ? 1 : 0;
}
int sodium_runtime_has_avx() {
  return twine::enclave::crypto_features().avx ? 1 : 0;
}
int sodium_runtime_has_avx2() {
  return twine::enclave::crypto_features().avx2 ? 1 : 0;
}
int sodium_runtime_has_avx512f() {
  return 0;
}  // used by Argon2 only, which is not linked
int sodium_runtime_has_pclmul() {
  return twine::enclave::crypto_features().pclmul ? 1 : 0;
}
int sodium_runtime_has_aesni() {
  return twine::enclave::crypto_features().aesni ? 1 : 0;
}
int sodium_runtime_has_rdrand() {
  return twine::enclave::crypto_features().rdrand ? 1 : 0;
}

int* __errno_location() {
  return &ignored_errno;
}  // NOLINT(bugprone-reserved-identifier)

}  // extern "C"

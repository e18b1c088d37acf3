#include "host/emulator/measurement.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>

namespace twine::host::emulator {
namespace {

using Block = std::array<uint8_t, 64>;

Block tagged(const char (&tag)[8]) {
  Block block{};
  std::memcpy(block.data(), tag, sizeof tag);
  return block;
}

// SHA-256 cannot fail for want of anything but memory.
void require(bool succeeded) {
  if (!succeeded) std::abort();
}

}  // namespace

Measurement::Measurement() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
}

Measurement::~Measurement() {
  EVP_MD_CTX_free(context_);
}

void Measurement::update(std::span<const uint8_t> bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
}

void Measurement::ecreate(uint32_t ssaframesize, uint64_t size) {
  Block block = tagged({'E', 'C', 'R', 'E', 'A', 'T', 'E', '\0'});
  std::memcpy(block.data() + 8, &ssaframesize, sizeof ssaframesize);
  std::memcpy(block.data() + 12, &size, sizeof size);
  update(block);
}

void Measurement::eadd(uint64_t offset, const sgx::Secinfo& secinfo) {
  Block block = tagged({'E', 'A', 'D', 'D', '\0', '\0', '\0', '\0'});
  std::memcpy(block.data() + 8, &offset, sizeof offset);
  std::memcpy(block.data() + 16, &secinfo, 48);
  update(block);
}

void Measurement::eextend(uint64_t offset, std::span<const uint8_t, sgx::kEextendChunk> chunk) {
  Block block = tagged({'E', 'E', 'X', 'T', 'E', 'N', 'D', '\0'});
  std::memcpy(block.data() + 8, &offset, sizeof offset);
  update(block);
  update(chunk);
}

std::array<uint8_t, 32> Measurement::digest() const {
  std::array<uint8_t, 32> result{};
  EVP_MD_CTX* const copy = EVP_MD_CTX_new();
  require(copy != nullptr && EVP_MD_CTX_copy_ex(copy, context_) == 1 &&
          EVP_DigestFinal_ex(copy, result.data(), nullptr) == 1);
  EVP_MD_CTX_free(copy);
  return result;
}

}  // namespace twine::host::emulator

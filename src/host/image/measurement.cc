#include "host/image/measurement.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace twine::image {
namespace {

constexpr uint64_t kExtendSize = 256;
constexpr size_t kBlockSize = 64;
using Block = std::array<uint8_t, kBlockSize>;

// x86-64 only: the machine's byte order is the SDM's.
template <typename T>
void put(Block& block, size_t at, T value) {
  std::memcpy(block.data() + at, &value, sizeof(T));
}

Block block_of(std::string_view leaf) {
  Block block{};
  std::memcpy(block.data(), leaf.data(), leaf.size());
  return block;
}

// SHA-256 fails only when OpenSSL has no memory or no provider; nothing sensible can follow either.
void require(int openssl_result) {
  if (openssl_result != 1) std::abort();
}

}  // namespace

Measurement::Measurement(uint32_t ssa_frame_pages, uint64_t elrange_size) : digest_(EVP_MD_CTX_new()) {
  if (!digest_) std::abort();
  require(EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr));
  Block block = block_of("ECREATE");
  put(block, 8, ssa_frame_pages);
  put(block, 12, elrange_size);
  update(block);
}

void Measurement::add_page(uint64_t offset, uint64_t secinfo_flags) {
  Block block = block_of("EADD");
  put(block, 8, offset);
  put(block, 16, secinfo_flags);  // the rest of SECINFO is reserved, zero
  update(block);
}

void Measurement::extend_page(uint64_t offset, std::span<const uint8_t, kPageSize> contents) {
  for (uint64_t chunk = 0; chunk < kPageSize; chunk += kExtendSize) {
    Block block = block_of("EEXTEND");
    put(block, 8, offset + chunk);
    update(block);
    update(contents.subspan(chunk, kExtendSize));
  }
}

Mrenclave Measurement::finish() {
  Mrenclave result{};
  require(EVP_DigestFinal_ex(digest_.get(), result.data(), nullptr));
  return result;
}

void Measurement::update(std::span<const uint8_t> bytes) {
  require(EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()));
}

}  // namespace twine::image

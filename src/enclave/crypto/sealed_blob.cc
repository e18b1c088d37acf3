#include "enclave/crypto/sealed_blob.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "common/decimal.h"

namespace twine::enclave {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {0x00, 't', 'w', 's', 'e', 'a', 'l', 0x0a};
constexpr uint16_t kVersion = 1;
constexpr std::string_view kLabel = "Twine sealed blob 1";

struct Header {
  std::array<uint8_t, 8> magic;
  uint16_t version;
  uint8_t policy;
  uint8_t reserved1;
  uint16_t isv_svn;
  uint16_t reserved2;
  std::array<uint8_t, 16> cpu_svn;
  std::array<uint8_t, 32> key_id;
  uint64_t size;
};
static_assert(sizeof(Header) == kSealedHeaderSize);

// A key that is wiped when it goes.
struct BlobKey {
  std::array<uint8_t, Aes256Gcm::kKeySize> bytes{};
  BlobKey() = default;
  BlobKey(const BlobKey&) = delete;
  BlobKey& operator=(const BlobKey&) = delete;
  ~BlobKey() { wipe(bytes); }
};

Result<void> derive(const Header& header, BlobKey& key) {
  SealKey seal_key_bytes = TWINE_TRY(seal_key({.policy = static_cast<SealPolicy>(header.policy),
                                               .isv_svn = header.isv_svn,
                                               .cpu_svn = header.cpu_svn,
                                               .key_id = header.key_id}));
  std::array<uint8_t, 32> padded{};
  std::ranges::copy(seal_key_bytes, padded.begin());
  key.bytes = hmac_sha256(padded, Bytes(reinterpret_cast<const uint8_t*>(kLabel.data()), kLabel.size()));
  wipe(padded);
  wipe(seal_key_bytes);
  return {};
}

std::vector<uint8_t> associated_data(const Header& header, Bytes context) {
  std::vector<uint8_t> data(sizeof header + context.size());
  std::memcpy(data.data(), &header, sizeof header);
  std::ranges::copy(context, data.begin() + sizeof header);
  return data;
}

Result<Header> parse_header(Bytes blob) {
  if (blob.size() < kSealedOverhead || !std::ranges::equal(blob.first(kMagic.size()), kMagic))
    return fail(ErrorCode::malformed, "not a sealed blob: it does not begin as one, or is cut short");
  Header header;
  std::memcpy(&header, blob.data(), sizeof header);
  if (header.version != kVersion) {
    return fail(ErrorCode::unsupported, "a sealed blob of format " + decimal(header.version) +
                                            ", this enclave knows format " + decimal(kVersion) +
                                            "; open it with the enclave that sealed it");
  }
  if (header.policy > static_cast<uint8_t>(SealPolicy::this_signer) || header.reserved1 != 0 ||
      header.reserved2 != 0)
    return fail(ErrorCode::malformed,
                "the sealed blob's policy or reserved bytes mean nothing; it was damaged");
  if (header.size != blob.size() - kSealedOverhead) {
    return fail(ErrorCode::malformed, "the sealed blob says that it holds " + decimal(header.size) +
                                          " bytes, and holds " + decimal(blob.size() - kSealedOverhead) +
                                          "; it was cut or damaged");
  }
  return header;
}

}  // namespace

Result<std::vector<uint8_t>> seal(SealPolicy policy, Bytes secret, Bytes context) {
  Header header{.magic = kMagic,
                .version = kVersion,
                .policy = static_cast<uint8_t>(policy),
                .reserved1 = 0,
                .isv_svn = identity().isv_svn,
                .reserved2 = 0,
                .cpu_svn = identity().cpu_svn,
                .key_id = {},
                .size = secret.size()};
  random_bytes(header.key_id);
  BlobKey key;
  TWINE_TRY(derive(header, key));

  std::vector<uint8_t> blob(kSealedOverhead + secret.size());
  std::memcpy(blob.data(), &header, sizeof header);
  const Aes256Gcm::Tag tag =
      Aes256Gcm(key.bytes).encrypt({}, associated_data(header, context), secret,
                                   std::span(blob).subspan(kSealedHeaderSize, secret.size()));
  std::ranges::copy(tag, blob.end() - Aes256Gcm::kTagSize);
  return blob;
}

Result<Unsealed> unseal(Bytes blob, Bytes context) {
  const Header header = TWINE_TRY(parse_header(blob));
  // EGETKEY would refuse it too; here both versions can be named.
  if (header.isv_svn > identity().isv_svn) {
    return fail(ErrorCode::signature, "sealed by a newer version (SVN " + decimal(header.isv_svn) +
                                          ") of this enclave; this one is SVN " +
                                          decimal(identity().isv_svn) + ": upgrade to SVN " +
                                          decimal(header.isv_svn) + " or later to open it");
  }
  BlobKey key;
  TWINE_TRY(derive(header, key));

  Aes256Gcm::Tag tag;
  std::ranges::copy(blob.last<Aes256Gcm::kTagSize>(), tag.begin());
  Unsealed opened{.secret = std::vector<uint8_t>(header.size),
                  .policy = static_cast<SealPolicy>(header.policy),
                  .isv_svn = header.isv_svn};
  if (!Aes256Gcm(key.bytes).decrypt({}, associated_data(header, context),
                                    blob.subspan(kSealedHeaderSize, header.size), tag, opened.secret)) {
    wipe(opened.secret);
    return fail(
        ErrorCode::signature,
        "the sealed blob does not open: it was changed, is meant for something else, or was sealed by "
        "another enclave, "
        "another signer, on another machine, or by a debug enclave where this is none (or the reverse)");
  }
  return opened;
}

}  // namespace twine::enclave

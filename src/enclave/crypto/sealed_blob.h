// Sealed blobs: data that this enclave, or a later one of its signer, can open again on this machine, and nobody else.
//
// Format, little-endian; SDM vol. 3D, "EGETKEY" for what the fields of a key request mean:
//
//   offset  size  field
//   0       8     magic        "\0twseal" 0a
//   8       2     version      1
//   10      1     policy       0: this enclave (KEYPOLICY.MRENCLAVE), 1: this signer (KEYPOLICY.MRSIGNER; ISVPRODID enters too)
//   11      1     reserved     0
//   12      2     isv_svn      of the enclave that sealed
//   14      2     reserved     0
//   16      16    cpu_svn      of the processor it sealed on
//   32      32    key_id       random, another for every blob
//   64      8     size         n, bytes of the secret
//   72      n     ciphertext   AES-256-GCM
//   72+n    16    tag          over bytes [0, 72), the caller's context, and the ciphertext
//
//   key     HMAC-SHA-256(seal key ‖ 16 zero bytes, "Twine sealed blob 1"), the seal key being EGETKEY's for policy, isv_svn,
//           cpu_svn and key_id, with ATTRIBUTES' INIT, DEBUG and MODE64BIT in its derivation
//   nonce   zero: key_id makes every key one that is used once
//
// What follows from the derivation, and is not a check that could be forgotten:
//   - an enclave of a lower ISVSVN cannot open what one of a higher has sealed, nor a processor of a lower CPUSVN
//   - a debug enclave has other keys: it cannot open what a production enclave has sealed, nor the other way round
//   - another signer, product or machine has other keys
//
// Nothing here keeps the host from giving back an older blob than the last; that is the caller's business.
#pragma once

#include <cstdint>
#include <vector>

#include "common/result.h"
#include "enclave/crypto/crypto.h"
#include "enclave/platform/platform.h"

namespace twine::enclave {

inline constexpr size_t kSealedHeaderSize = 72;
inline constexpr size_t kSealedOverhead = kSealedHeaderSize + Aes256Gcm::kTagSize;

// Seals `secret` for whom `policy` says, at this enclave's ISVSVN. `context` is not stored, and must be the same when the blob is
// opened: what the blob is for, so that one cannot be passed off as another. Errors: internal.
[[nodiscard]] Result<std::vector<uint8_t>> seal(SealPolicy policy, Bytes secret, Bytes context);

struct Unsealed {
  std::vector<uint8_t> secret;
  SealPolicy policy;
  uint16_t isv_svn;  // of the enclave that sealed
};

// Errors: malformed (not a sealed blob), unsupported (of a later format), signature (sealed by a newer version of this enclave or on a
// newer processor, changed, for another context, or by somebody else).
[[nodiscard]] Result<Unsealed> unseal(Bytes blob, Bytes context);

}  // namespace twine::enclave

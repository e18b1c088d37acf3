// SIGSTRUCT, the enclave's signature: making, signing in one or two steps, parsing, verifying.
//
// The layout is sgx::Sigstruct (common/sgx/arch.h). In short: a header with the signer's key and signature,
// and a body that says which enclaves EINIT may start:
//
//   field           what we write                        what EINIT does with it
//   MISCSELECT      EXINFO                               (SECS.MISCSELECT & MISCMASK) must equal it: faults in the
//                                                        enclave are always reported with their address
//   MISCMASK        EXINFO
//   ATTRIBUTES      MODE64BIT; DEBUG when asked          (SECS.ATTRIBUTES & ATTRIBUTEMASK) must equal it
//   ATTRIBUTEMASK   flags: all, but DEBUG when asked     no debugger can be let in, no provisioning key asked for
//   .XFRM           x87, SSE                             must be there
//   .XFRM mask      all but AVX, AVX-512, PKRU           these may be there; nothing else may (the SSA frame has room
//                                                        for them only)
//   ENCLAVEHASH     the measurement                      must equal SECS.MRENCLAVE
//   ISVPRODID       from the image's note                goes into REPORT and keys
//   ISVSVN          from the image's note                goes into REPORT and keys
//
// VENDOR, SWDEFINED, CET and the fields of key separation and sharing are zero.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/result.h"
#include "common/sgx/arch.h"
#include "host/image/measurement.h"

namespace twine::image {

using SigstructBytes = std::array<uint8_t, sgx::kSigstructSize>;

// What a signature covers: bytes [0, 128) and [900, 1028).
using ToBeSigned = std::array<uint8_t, sgx::kSigstructSignedPart1Size + sgx::kSigstructSignedPart2Size>;

// RSA numbers as OpenSSL and HSMs write them: big-endian.
using RsaNumber = std::array<uint8_t, sgx::kRsaKeySize>;

using Mrsigner = std::array<uint8_t, 32>;

struct SigstructOptions {
  uint32_t date = 0;         // BCD yyyymmdd
  bool allow_debug = false;  // DEBUG left to whoever starts the enclave; its memory is then no secret
  uint16_t isv_prod_id = 0;
  uint16_t isv_svn = 0;
};

// XFRM bits that the signature leaves to the host.
inline constexpr uint64_t kOptionalXfrm = sgx::kXfrmAvx | sgx::kXfrmAvx512 | sgx::kXfrmPkru;

// The body for an enclave of this measurement, not signed yet: modulus, signature, q1 and q2 are zero.
sgx::Sigstruct make_sigstruct(const Mrenclave& mrenclave, const SigstructOptions& options);

ToBeSigned to_be_signed(const sgx::Sigstruct& sigstruct);

// The SIGSTRUCT whose signed bytes are these, with header and reserved fields checked. Errors: malformed.
Result<sgx::Sigstruct> from_to_be_signed(std::span<const uint8_t> bytes);

// Puts key, signature (PKCS #1 v1.5 with SHA-256 over to_be_signed), q1 and q2 in place, and verifies.
// Errors: signature.
Result<void> attach_signature(sgx::Sigstruct& sigstruct, const RsaNumber& modulus,
                              const RsaNumber& signature);

SigstructBytes to_bytes(const sgx::Sigstruct& sigstruct);

// Only the size is looked at. Errors: malformed.
Result<sgx::Sigstruct> parse_sigstruct(std::span<const uint8_t> bytes);

// As EINIT does: header fields and reserved fields, exponent 3, signature, q1 and q2. Errors: signature,
// naming the field.
Result<void> verify_sigstruct(const sgx::Sigstruct& sigstruct);

// Whether EINIT would start an enclave with ATTRIBUTES.DEBUG under it. A release signature must not.
bool allows_debug(const sgx::Sigstruct& sigstruct);

// SHA-256 of the modulus as it stands in SIGSTRUCT.
Mrsigner mrsigner_of(const sgx::Sigstruct& sigstruct);

}  // namespace twine::image

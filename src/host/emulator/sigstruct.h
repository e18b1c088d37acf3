// The checks that EINIT makes of a SIGSTRUCT alone (SDM "EINIT", and "Layout of Enclave Signature
// Structure").
#pragma once

#include <array>
#include <cstdint>

#include "common/sgx/arch.h"
#include "host/emulator/outcome.h"

namespace twine::host::emulator {

// HEADER, HEADER2, VENDOR, EXPONENT and the reserved fields.
[[nodiscard]] bool sigstruct_header_valid(const sgx::Sigstruct& sigstruct);

// SIGNATURE is the PKCS #1 v1.5 signature (SHA-256) under MODULUS, and Q1, Q2 are the quotients that the
// processor computes the cube with.
[[nodiscard]] bool sigstruct_signature_valid(const sgx::Sigstruct& sigstruct);

// MRSIGNER: SHA-256 of MODULUS.
[[nodiscard]] std::array<uint8_t, 32> sigstruct_mrsigner(const sgx::Sigstruct& sigstruct);

}  // namespace twine::host::emulator

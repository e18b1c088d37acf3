// EINIT: checks the SIGSTRUCT, finishes the measurement and opens the enclave for entry.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"
#include "host/emulator/sigstruct.h"

namespace twine::host::emulator {

using Code = sgx::ErrorCode;

namespace {

// Attributes that only an enclave signed with the launch key (IA32_SGXLEPUBKEYHASH) may have.
constexpr uint64_t kControlledAttributes = sgx::kAttributeEinittokenKey;

sgx::Attributes masked(const sgx::Attributes& attributes, const sgx::Attributes& mask) {
  return {.flags = attributes.flags & mask.flags, .xfrm = attributes.xfrm & mask.xfrm};
}

// A token with VALID = 1 must come from the launch enclave of this platform and name this enclave.
Outcome check_token(const Enclave& enclave, const sgx::Einittoken& token,
                    const std::array<uint8_t, 32>& mrenclave, const std::array<uint8_t, 32>& mrsigner,
                    const std::array<uint8_t, 32>& lepubkeyhash) {
  const bool made_by_debug = (token.maskedattributesle.flags & sgx::kAttributeDebug) != 0;
  if (made_by_debug && (enclave.secs.attributes.flags & sgx::kAttributeDebug) == 0)
    return error(Code::invalid_einittoken);
  if (token.valid != 1 || !all_zero(token.reserved1) || !all_zero(token.reserved2) ||
      !all_zero(token.reserved3) || !all_zero(token.reserved4)) {
    return error(Code::invalid_einittoken);
  }
  const auto& cpusvn = enclave.platform.cpusvn();
  for (size_t i = 0; i < cpusvn.size(); ++i) {
    if (token.cpusvnle[i] > cpusvn[i]) return error(Code::invalid_cpusvn);
  }
  KeyDependencies dependencies;
  dependencies.keyname = static_cast<uint16_t>(sgx::KeyName::einittoken);
  dependencies.isvprodid = token.isvprodidle;
  dependencies.isvsvn = token.isvsvnle;
  dependencies.attributes = token.maskedattributesle;
  dependencies.miscselect = token.maskedmiscselectle;
  std::copy(lepubkeyhash.begin(), lepubkeyhash.end(), dependencies.mrsigner);
  std::memcpy(dependencies.keyid, token.keyid, sizeof token.keyid);
  std::memcpy(dependencies.cpusvn, token.cpusvnle, sizeof token.cpusvnle);
  const Key128 mac =
      aes_cmac(enclave.platform.derive_key(dependencies),
               std::span(reinterpret_cast<const uint8_t*>(&token), offsetof(sgx::Einittoken, cpusvnle)));
  if (!std::equal(mac.begin(), mac.end(), token.mac)) return error(Code::invalid_einittoken);
  if (!std::equal(mrenclave.begin(), mrenclave.end(), token.mrenclave) ||
      !std::equal(mrsigner.begin(), mrsigner.end(), token.mrsigner)) {
    return error(Code::invalid_measurement);
  }
  if (!(token.attributes == enclave.secs.attributes)) return error(Code::invalid_attribute);
  return done();
}

}  // namespace

Outcome einit(Enclave& enclave, const sgx::Sigstruct& sigstruct, const sgx::Einittoken& token,
              const std::array<uint8_t, 32>& lepubkeyhash) {
  if (!sigstruct_header_valid(sigstruct)) return error(Code::invalid_sig_struct);
  if (!sigstruct_signature_valid(sigstruct)) return error(Code::invalid_signature);

  if (!enclave.created) return epcm_fault(0);
  sgx::Secs& secs = enclave.secs;
  if ((secs.attributes.flags & sgx::kAttributeKss) == 0 && !all_zero(sigstruct.isvfamilyid))
    return error(Code::invalid_sig_struct);
  if (enclave.initialised()) return general_protection();

  const std::array<uint8_t, 32> mrenclave = enclave.measurement.digest();
  if (!std::equal(mrenclave.begin(), mrenclave.end(), sigstruct.enclavehash))
    return error(Code::invalid_measurement);
  const std::array<uint8_t, 32> mrsigner = sigstruct_mrsigner(sigstruct);
  if ((secs.attributes.flags & kControlledAttributes) != 0 && mrsigner != lepubkeyhash)
    return error(Code::invalid_attribute);
  if (!(masked(secs.attributes, sigstruct.attributemask) ==
        masked(sigstruct.attributes, sigstruct.attributemask))) {
    return error(Code::invalid_attribute);
  }
  if ((secs.miscselect & sigstruct.miscmask) != (sigstruct.miscselect & sigstruct.miscmask))
    return error(Code::invalid_attribute);
  if ((secs.cet_attributes & sigstruct.cet_attributes_mask) !=
      (sigstruct.cet_attributes & sigstruct.cet_attributes_mask)) {
    return error(Code::invalid_attribute);
  }
  if ((token.valid & 1) == 0) {
    if (mrsigner != lepubkeyhash) return error(Code::invalid_einittoken);
  } else {
    TWINE_SGX_CHECK(check_token(enclave, token, mrenclave, mrsigner, lepubkeyhash));
  }

  std::copy(mrenclave.begin(), mrenclave.end(), secs.mrenclave);
  std::copy(mrsigner.begin(), mrsigner.end(), secs.mrsigner);
  secs.isvprodid = sigstruct.isvprodid;
  secs.isvsvn = sigstruct.isvsvn;
  std::memcpy(enclave.isvfamilyid, sigstruct.isvfamilyid, sizeof enclave.isvfamilyid);
  std::memcpy(enclave.isvextprodid, sigstruct.isvextprodid, sizeof enclave.isvextprodid);
  secs.attributes.flags |= sgx::kAttributeInit;
  return done();
}

}  // namespace twine::host::emulator

// The emulated processor package: what it supports, its security version, and the keys that only it can
// derive.
//
// Silicon derives keys from fuses; here everything comes from a platform secret, 32 random bytes in a file of
// the user's. Sealed data therefore survives restarts and does not open on another platform or for another
// user. It is no secret from the host.
//
// The file: the line "twine emulated platform secret v1", then 64 hexadecimal digits and a newline; mode
// 0600.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "common/result.h"
#include "common/sgx/arch.h"
#include "host/emulator/processor.h"

namespace twine::host::emulator {

using Key128 = std::array<uint8_t, 16>;

// SDM "Key Derivation", table "Key Derivation": everything a key depends on. Fields that a key name does not
// use are zero. Missing are SEAL_KEY_FUSES, which derive_key adds; SGXOWNEREPOCH, which is zero on this
// platform; and PADDING, which is the same for every signature that verifies.
struct KeyDependencies {
  uint16_t keyname = 0;
  uint16_t keypolicy = 0;
  uint16_t isvprodid = 0;
  uint16_t isvsvn = 0;
  uint16_t configsvn = 0;
  uint8_t isvfamilyid[16] = {};
  uint8_t isvextprodid[16] = {};
  uint8_t configid[64] = {};
  uint8_t reserved[6] = {};  // the bytes are hashed: no padding may hide in them
  sgx::Attributes attributes = {};
  sgx::Attributes attributesmask = {};
  uint8_t mrenclave[32] = {};
  uint8_t mrsigner[32] = {};
  uint8_t keyid[32] = {};
  uint8_t cpusvn[16] = {};
  uint32_t miscselect = 0;
  uint32_t miscmask = 0;
};
static_assert(std::has_unique_object_representations_v<KeyDependencies>);

class Platform {
 public:
  // Reads the secret at `path`, or makes it. Errors: io, malformed.
  [[nodiscard]] static Result<Platform> open(const std::string& path);
  // A platform with a given secret, for tests.
  explicit Platform(std::span<const uint8_t, 32> secret);

  // The default path: $XDG_STATE_HOME/twine/platform-secret, or ~/.local/state/…. Errors: io, when neither
  // variable is set.
  [[nodiscard]] static Result<std::string> default_path();

  // CPUID.12H.1: the ATTRIBUTES that ECREATE accepts.
  [[nodiscard]] uint64_t supported_flags() const;
  [[nodiscard]] uint64_t supported_xfrm() const;
  // CPUID.12H.0:EBX: supported MISCSELECT bits.
  [[nodiscard]] uint32_t supported_miscselect() const { return sgx::kMiscExinfo; }
  // CPUID.12H.0:EDX[15:8].
  [[nodiscard]] uint64_t max_enclave_size() const { return uint64_t{1} << 46; }
  [[nodiscard]] const XsaveLayout& xsave() const { return xsave_; }

  [[nodiscard]] const std::array<uint8_t, 16>& cpusvn() const { return cpusvn_; }
  // CR_REPORT_KEYID: random, drawn anew at each start of the package.
  [[nodiscard]] const std::array<uint8_t, 32>& report_keyid() const { return report_keyid_; }

  // AES-128-CMAC of the dependencies under the root key of the package.
  [[nodiscard]] Key128 derive_key(const KeyDependencies& dependencies) const;

 private:
  XsaveLayout xsave_;
  std::array<uint8_t, 16> root_key_{};
  std::array<uint8_t, 16> seal_fuses_{};  // SEAL_KEY_FUSES
  std::array<uint8_t, 16> cpusvn_{};
  std::array<uint8_t, 32> report_keyid_{};
};

// AES-128-CMAC (NIST SP 800-38B).
[[nodiscard]] Key128 aes_cmac(std::span<const uint8_t, 16> key, std::span<const uint8_t> message);

}  // namespace twine::host::emulator

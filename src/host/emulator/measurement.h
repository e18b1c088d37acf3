// MRENCLAVE under construction (SDM "Measurement of Enclave Contents"): SHA-256 over 64-byte blocks, one or more an instruction.
//
//   ECREATE  "ECREATE\0", SSAFRAMESIZE (4), SIZE (8), 44 zero bytes
//   EADD     "EADD\0\0\0\0", offset in ELRANGE (8), first 48 bytes of SECINFO
//   EEXTEND  "EEXTEND\0", offset in ELRANGE (8), 48 zero bytes; then the 256 bytes themselves
//   EINIT    finishes the hash
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "common/sgx/arch.h"
#include "host/emulator/outcome.h"

struct evp_md_ctx_st;

namespace twine::host::emulator {

class Measurement {
 public:
  Measurement();
  ~Measurement();
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;

  void ecreate(uint32_t ssaframesize, uint64_t size);
  void eadd(uint64_t offset, const sgx::Secinfo& secinfo);
  void eextend(uint64_t offset, std::span<const uint8_t, sgx::kEextendChunk> chunk);
  // The digest so far. EINIT that fails leaves the enclave as it was, so the state is kept.
  [[nodiscard]] std::array<uint8_t, 32> digest() const;

 private:
  void update(std::span<const uint8_t> bytes);

  evp_md_ctx_st* context_;
};

}  // namespace twine::host::emulator

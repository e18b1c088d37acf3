// How a leaf function of ENCLS or ENCLU ends: done, with an error code in RAX (ZF = 1), or with a fault.
#pragma once

#include <cstdint>

#include "common/sgx/arch.h"

namespace twine::host::emulator {

// The architecture's namespace, also where host::sgx (the driver interface) is in sight.
namespace sgx = ::twine::sgx;

struct [[nodiscard]] Outcome {
  enum class Kind : uint8_t { done, error, fault };

  Kind kind = Kind::done;
  sgx::ErrorCode error = sgx::ErrorCode::success;  // kind == error
  sgx::Vector vector = sgx::Vector::de;            // kind == fault
  uint32_t error_code = 0;                         // of #GP (0) or #PF
  uint64_t address = 0;                            // of #PF

  [[nodiscard]] bool ok() const { return kind == Kind::done; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline Outcome done() {
  return {};
}

inline Outcome error(sgx::ErrorCode code) {
  return {.kind = Outcome::Kind::error, .error = code};
}

// #GP(0)
inline Outcome general_protection() {
  return {.kind = Outcome::Kind::fault, .vector = sgx::Vector::gp};
}

// #UD
inline Outcome invalid_opcode() {
  return {.kind = Outcome::Kind::fault, .vector = sgx::Vector::ud};
}

// #PF(address)
inline Outcome page_fault(uint64_t address, uint32_t error_code) {
  return {
      .kind = Outcome::Kind::fault, .vector = sgx::Vector::pf, .error_code = error_code, .address = address};
}

// #PF(address), because the EPCM does not allow what the page tables do.
inline Outcome epcm_fault(uint64_t address, bool write = false) {
  return page_fault(address, sgx::kPagefaultPresent | sgx::kPagefaultUser | sgx::kPagefaultSgx |
                                 (write ? sgx::kPagefaultWrite : 0));
}

}  // namespace twine::host::emulator

// Returns from the enclosing function when `expression` is an Outcome that is not done.
#define TWINE_SGX_CHECK(expression)                                                               \
  do {                                                                                            \
    if (const ::twine::host::emulator::Outcome twine_outcome = (expression); !twine_outcome.ok()) \
      return twine_outcome;                                                                       \
  } while (false)

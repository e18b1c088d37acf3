// What to do about an asynchronous exit: the decision, as a pure function.
//
// The host says, by entering with handle_exception at CSSA = 1, that there was an exception. The processor says what there was, in
// EXITINFO of the interrupted frame, which the host cannot write. Only the second counts:
//
//   EXITINFO                      interrupted code    host enters     response
//   not valid (interrupt)         guest               yes             interrupt    forged, or the end of the guest's time: the runtime
//                                                                                  knows whether one was set
//   not valid (interrupt)         enclave's own       yes             nothing      resumed, unchanged
//   hardware #PF                  any                 yes             page_fault   the ledger decides (memory/ledger.h)
//   hardware #UD                  guest               yes             guest_fault  a trap instruction
//   hardware #DE #MF #XM #GP #AC  guest               yes             guest_fault  the runtime decides; it can only give up the guest
//   hardware, any other           any                 yes             die
//   hardware, any but #PF         enclave's own       yes             die          the enclave's own code has a fault
//   software (INT3)               any                 yes             die          no code here has one
//   valid                         any                 no (ERESUME)    –            the instruction faults again
//
// What has been responded to is marked as not valid, so that it is responded to once.
#pragma once

#include <cstdint>
#include <utility>

#include "common/sgx/arch.h"
#include "enclave/platform/fault.h"

namespace twine::enclave {

enum class ExceptionResponse : uint8_t { nothing, interrupt, page_fault, guest_fault, die };

// `in_guest`: RIP lies in the code region.
[[nodiscard]] constexpr ExceptionResponse respond(uint32_t exitinfo, bool in_guest) {
  if ((exitinfo & sgx::kExitinfoValid) == 0)
    return in_guest ? ExceptionResponse::interrupt : ExceptionResponse::nothing;
  if ((exitinfo & sgx::kExitinfoTypeMask) != sgx::kExitinfoTypeHardware) return ExceptionResponse::die;
  switch (exitinfo & sgx::kExitinfoVectorMask) {
    case std::to_underlying(sgx::Vector::pf):
      return ExceptionResponse::page_fault;
    case std::to_underlying(sgx::Vector::ud):
    case std::to_underlying(sgx::Vector::de):
    case std::to_underlying(sgx::Vector::mf):
    case std::to_underlying(sgx::Vector::xm):
    case std::to_underlying(sgx::Vector::gp):
    case std::to_underlying(sgx::Vector::ac):
      return in_guest ? ExceptionResponse::guest_fault : ExceptionResponse::die;
    default:
      return ExceptionResponse::die;
  }
}

// How the runtime sees a guest_fault.
[[nodiscard]] constexpr FaultKind fault_kind(uint32_t exitinfo) {
  switch (exitinfo & sgx::kExitinfoVectorMask) {
    case std::to_underlying(sgx::Vector::ud):
      return FaultKind::invalid_opcode;
    case std::to_underlying(sgx::Vector::de):
    case std::to_underlying(sgx::Vector::mf):
    case std::to_underlying(sgx::Vector::xm):
      return FaultKind::arithmetic;
    default:
      return FaultKind::other_access;
  }
}

}  // namespace twine::enclave

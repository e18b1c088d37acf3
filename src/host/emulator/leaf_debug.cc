// EDBGRD, EDBGWR: a debugger's way into a debug enclave.
#include <cstring>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::PageType;
using Code = sgx::ErrorCode;

namespace {

// What a TCS has of an architectural size; the fields behind belong to CET, which is not here.
constexpr uint64_t kTcsLimit = offsetof(sgx::Tcs, ocetssa);

// The checks that both have up to the TCS.
Outcome check_target(Enclave& enclave, uint64_t address) {
  if (address % sizeof(uint64_t) != 0) return general_protection();
  if (!enclave.created || !enclave.in_elrange(address)) return epcm_fault(address);
  const EpcmEntry& entry = enclave.epcm.at(address);
  if (!entry.valid) return epcm_fault(address);
  if (!entry.is(PageType::reg) && !entry.is(PageType::tcs)) return epcm_fault(address);
  if (entry.pending || entry.modified) return error(Code::page_not_debuggable);
  return done();
}

bool debug_allowed(const Enclave& enclave) {
  return (enclave.secs.attributes.flags & sgx::kAttributeDebug) != 0;
}

}  // namespace

Outcome edbgrd(Enclave& enclave, uint64_t address, uint64_t& value) {
  TWINE_SGX_CHECK(check_target(enclave, address));
  const uint64_t offset = address % sgx::kEpcPageSize;
  const bool is_tcs = enclave.epcm.at(address).is(PageType::tcs);
  if (is_tcs && offset >= kTcsLimit) return general_protection();
  if (!debug_allowed(enclave)) return general_protection();
  if (is_tcs) {
    const TcsState& state = enclave.tcs_at(address);
    sgx::Tcs tcs = state.tcs;
    tcs.state = state.active ? 1 : 0;
    std::memcpy(&value, reinterpret_cast<const uint8_t*>(&tcs) + offset, sizeof value);
    return done();
  }
  if (!enclave.memory.read(address, &value, sizeof value)) return epcm_fault(address);
  enclave.patches.conceal(address, value);
  return done();
}

Outcome edbgwr(Enclave& enclave, uint64_t address, uint64_t value) {
  TWINE_SGX_CHECK(check_target(enclave, address));
  const bool is_tcs = enclave.epcm.at(address).is(PageType::tcs);
  if (is_tcs && address % sgx::kEpcPageSize != offsetof(sgx::Tcs, flags)) return general_protection();
  if (!debug_allowed(enclave)) return general_protection();
  if (is_tcs) {
    enclave.tcs_at(address).tcs.flags = value;
    return done();
  }
  enclave.patches.restore(address, value);
  if (!enclave.memory.write(address, &value, sizeof value)) return epcm_fault(address, true);
  return enclave.memory.close(address & ~(sgx::kEpcPageSize - 1), sgx::kEpcPageSize) == 0
             ? done()
             : epcm_fault(address, true);
}

}  // namespace twine::host::emulator

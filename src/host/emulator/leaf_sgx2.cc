// EAUG, EMODPR, EMODT, ETRACK, EREMOVE: what system software does to the pages of a running enclave.
#include <sys/mman.h>

#include <algorithm>

#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;
using Code = sgx::ErrorCode;

Outcome eaug(Enclave& enclave, uint64_t linaddr) {
  if (linaddr % kEpcPageSize != 0) return general_protection();
  if (!enclave.created || enclave.lost) return epcm_fault(0);
  const bool inside = enclave.in_elrange(linaddr);
  if (inside && enclave.epcm.at(linaddr).valid) return epcm_fault(linaddr);
  if (!enclave.initialised()) return general_protection();
  if (!inside) return general_protection();
  if (!enclave.take_epc_page()) return epcm_fault(linaddr);

  // The backing memory is zero: fresh, or discarded by the EREMOVE before.
  EpcmEntry& entry = enclave.epcm.insert(linaddr);
  entry.pt = static_cast<uint8_t>(PageType::reg);
  entry.r = 1;
  entry.w = 1;
  entry.pending = 1;
  entry.max_protection = PROT_READ | PROT_WRITE | PROT_EXEC;
  const uint64_t pages = enclave.resident_pages();
  if (pages > enclave.counters.pages_peak.load(std::memory_order_relaxed)) {
    enclave.counters.pages_peak.store(pages, std::memory_order_relaxed);
  }
  return done();
}

Outcome emodpr(Enclave& enclave, uint64_t address, const sgx::Secinfo& secinfo) {
  if (address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(address)) return epcm_fault(address);
  if (!reserved_is_zero(secinfo) || writable_but_not_readable(secinfo.flags)) return general_protection();
  EpcmEntry& entry = enclave.epcm.at(address);
  if (!entry.valid) return epcm_fault(address);
  if (entry.pending || entry.modified) return error(Code::page_not_modifiable);
  if (!entry.is(PageType::reg)) return epcm_fault(address);
  if (!enclave.initialised()) return general_protection();

  entry.pr = 1;
  entry.set_rwx(entry.rwx() & secinfo.flags);
  entry.tracked = 0;
  return enclave.memory.close(address, kEpcPageSize) == 0 ? done() : epcm_fault(address);
}

Outcome emodt(Enclave& enclave, uint64_t address, const sgx::Secinfo& secinfo) {
  if (address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(address)) return epcm_fault(address);
  const PageType wanted = page_type(secinfo);
  if (!reserved_is_zero(secinfo) || (wanted != PageType::tcs && wanted != PageType::trim))
    return general_protection();
  EpcmEntry& entry = enclave.epcm.at(address);
  if (!entry.valid) return epcm_fault(address);
  const bool legal = entry.is(PageType::reg) || (entry.is(PageType::tcs) && wanted == PageType::trim);
  if (!legal) return epcm_fault(address);
  if (entry.pending || entry.modified) return error(Code::page_not_modifiable);
  if (!enclave.initialised()) return general_protection();

  if (wanted == PageType::tcs) {
    TcsState state{.address = address};
    if (!enclave.memory.read(address, &state.tcs, sizeof state.tcs)) return epcm_fault(address);
    entry.tcs_index = static_cast<uint32_t>(enclave.tcs.size());
    enclave.tcs.push_back(state);
  }
  entry.pr = 0;
  entry.modified = 1;
  entry.set_rwx(0);
  entry.pt = static_cast<uint8_t>(wanted);
  entry.tracked = 0;
  // Nobody will see a trimmed page's contents again.
  const int result = wanted == PageType::trim ? enclave.memory.discard(address)
                                              : enclave.memory.close(address, kEpcPageSize);
  return result == 0 ? done() : epcm_fault(address);
}

Outcome etrack(Enclave& enclave) {
  if (!enclave.created) return epcm_fault(0);
  // Protections were lowered for every thread at once by mprotect, which is what the interrupts of ETRACK's
  // protocol achieve.
  const uint64_t end = enclave.secs.baseaddr + enclave.secs.size;
  for (uint64_t page = enclave.epcm.next_valid(enclave.secs.baseaddr, end); page < end;
       page = enclave.epcm.next_valid(page + kEpcPageSize, end)) {
    enclave.epcm.at(page).tracked = 1;
  }
  return done();
}

Outcome eremove(Enclave& enclave, uint64_t address) {
  if (address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(address)) return epcm_fault(address);
  const EpcmEntry& entry = enclave.epcm.at(address);
  if (!entry.valid) return done();
  // What the enclave has agreed to give up can go at any time, all else only when nobody is inside.
  const bool given_up = entry.is(PageType::trim) && !entry.modified;
  const auto active = [](const TcsState& state) { return state.active; };
  if (!given_up && std::any_of(enclave.tcs.begin(), enclave.tcs.end(), active))
    return error(Code::enclave_act);
  if (enclave.memory.discard(address) != 0) return epcm_fault(address);
  enclave.erase_page(address);
  return done();
}

Outcome eremove_secs(Enclave& enclave) {
  if (!enclave.created) return done();
  if (enclave.epcm.pages() != 0) return error(Code::child_present);
  enclave.created = false;
  enclave.epc.give();
  return done();
}

}  // namespace twine::host::emulator

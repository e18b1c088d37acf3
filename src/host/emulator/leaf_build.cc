// ECREATE, EADD, EEXTEND: building an enclave.
#include <algorithm>
#include <bit>
#include <cstring>

#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;

namespace {

// Whether XFRM asks for a combination that XCR0 could hold (SDM "XFRM").
bool legal_xfrm(uint64_t xfrm, uint64_t supported) {
  const bool avx = (xfrm & sgx::kXfrmAvx) != 0;
  const uint64_t avx512 = xfrm & sgx::kXfrmAvx512;
  const uint64_t bnd = xfrm & (sgx::kXfrmBndregs | sgx::kXfrmBndcsr);
  const uint64_t amx = xfrm & sgx::kXfrmAmx;
  return (xfrm & ~supported) == 0 && (avx512 == 0 || (avx512 == sgx::kXfrmAvx512 && avx)) &&
         (bnd == 0 || bnd == (sgx::kXfrmBndregs | sgx::kXfrmBndcsr)) && (amx == 0 || amx == sgx::kXfrmAmx);
}

}  // namespace

Outcome ecreate(Enclave& enclave, const sgx::Secs& page, const sgx::Secinfo& secinfo) {
  const Platform& platform = enclave.platform;
  if (!reserved_is_zero(secinfo) || page_type(secinfo) != PageType::secs) return general_protection();
  if (enclave.created) return epcm_fault(0);  // EPCM(RCX).VALID

  if ((page.attributes.xfrm & sgx::kXfrmLegacy) != sgx::kXfrmLegacy) return general_protection();
  if (!legal_xfrm(page.attributes.xfrm, platform.supported_xfrm())) return general_protection();
  // No CET: ATTRIBUTES.CET is unsupported, so its fields must be zero.
  if (page.cet_attributes != 0 || page.cet_leg_bitmap_offset != 0) return general_protection();
  if ((page.miscselect & ~platform.supported_miscselect()) != 0) return general_protection();

  const uint64_t misc_size = (page.miscselect & sgx::kMiscExinfo) != 0 ? sizeof(sgx::ExInfo) : 0;
  const uint64_t frame_size = platform.xsave().size(page.attributes.xfrm) + sizeof(sgx::SsaGpr) + misc_size;
  if (uint64_t{page.ssaframesize} * kEpcPageSize < frame_size) return general_protection();

  // 32-bit enclaves do not exist here: MODE64BIT is demanded where the SDM would go on with the 32-bit rules.
  if ((page.attributes.flags & sgx::kAttributeMode64Bit) == 0) return general_protection();
  if (!is_canonical(page.baseaddr)) return general_protection();
  if (page.size >= platform.max_enclave_size()) return general_protection();
  if (page.size < 2 * kEpcPageSize || !std::has_single_bit(page.size)) return general_protection();
  if ((page.baseaddr & (page.size - 1)) != 0) return general_protection();

  if ((page.attributes.flags & ~platform.supported_flags()) != 0)
    return general_protection();  // INIT among them
  if (!all_zero(page.reserved1) || !all_zero(page.reserved2) || !all_zero(page.reserved3) ||
      !all_zero(page.reserved4)) {
    return general_protection();
  }
  if ((page.attributes.flags & sgx::kAttributeKss) == 0 &&
      (!all_zero(page.configid) || page.configsvn != 0)) {
    return general_protection();
  }

  enclave.secs = page;
  std::memset(enclave.secs.mrenclave, 0, sizeof enclave.secs.mrenclave);
  std::memset(enclave.secs.mrsigner, 0, sizeof enclave.secs.mrsigner);
  enclave.secs.isvprodid = 0;
  enclave.secs.isvsvn = 0;
  enclave.measurement.ecreate(page.ssaframesize, page.size);
  enclave.created = true;
  return done();
}

Outcome eadd(Enclave& enclave, uint64_t linaddr, std::span<const uint8_t, kEpcPageSize> page,
             const sgx::Secinfo& secinfo) {
  if (linaddr % kEpcPageSize != 0) return general_protection();
  const PageType type = page_type(secinfo);
  if (!reserved_is_zero(secinfo) || (type != PageType::reg && type != PageType::tcs))
    return general_protection();
  if (!enclave.created) return epcm_fault(0);  // EPCM(SECS).VALID
  const bool inside = enclave.in_elrange(linaddr);
  if (inside && enclave.epcm.at(linaddr).valid) return epcm_fault(linaddr);

  sgx::Tcs tcs{};
  if (type == PageType::tcs) {
    std::memcpy(&tcs, page.data(), sizeof tcs);
    if (!all_zero(tcs.reserved)) return general_protection();
    if (tcs.ocetssa != 0 || tcs.prevssp != 0) return general_protection();  // no CET
  } else if (writable_but_not_readable(secinfo.flags)) {
    return general_protection();
  }
  if (!inside) return general_protection();
  if (enclave.initialised()) return general_protection();

  sgx::Secinfo measured = secinfo;
  if (type == PageType::tcs) {
    measured.flags &= ~sgx::kSecinfoRwx;
    tcs.flags &= ~sgx::kTcsDbgoptin;
    tcs.cssa = 0;
    tcs.aep = 0;
    tcs.state = 0;
  }
  enclave.measurement.eadd(linaddr - enclave.secs.baseaddr, measured);

  EpcmEntry& entry = enclave.epcm.insert(linaddr);
  entry.set_rwx(measured.flags);
  entry.pt = static_cast<uint8_t>(type);
  const void* content = page.data();
  if (type == PageType::tcs) {
    entry.tcs_index = static_cast<uint32_t>(enclave.tcs.size());
    enclave.tcs.push_back({.tcs = tcs, .address = linaddr});
    content = &tcs;
  }
  if (!enclave.memory.write(linaddr, content, kEpcPageSize)) return epcm_fault(linaddr, true);
  return done();
}

Outcome eextend(Enclave& enclave, uint64_t address) {
  if (address % sgx::kEextendChunk != 0) return general_protection();
  if (!enclave.created || !enclave.in_elrange(address)) return epcm_fault(address);
  const EpcmEntry& entry = enclave.epcm.at(address);
  if (!entry.valid) return epcm_fault(address);
  if (!entry.is(PageType::reg) && !entry.is(PageType::tcs)) return epcm_fault(address);
  if (enclave.initialised()) return general_protection();

  std::array<uint8_t, sgx::kEextendChunk> chunk{};
  if (!enclave.memory.read(address, chunk.data(), chunk.size())) return epcm_fault(address);
  enclave.measurement.eextend(address - enclave.secs.baseaddr, chunk);
  return done();
}

}  // namespace twine::host::emulator

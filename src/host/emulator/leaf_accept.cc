// EACCEPT, EACCEPTCOPY, EMODPE: the enclave's own word on its pages.
#include <array>

#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;
using Code = sgx::ErrorCode;

namespace {

// TCS pages are only accepted as EADD would have added them.
bool acceptable_tcs(const sgx::Tcs& tcs) {
  return all_zero(tcs.reserved) && (tcs.flags & sgx::kTcsDbgoptin) == 0 && tcs.cssa < tcs.nssa &&
         tcs.aep == 0 && tcs.state == 0 && tcs.ocetssa == 0 && tcs.prevssp == 0;  // no CET
}

// The combinations of page type, PR, PENDING and MODIFIED that can be asked for.
bool legal_request(uint64_t flags, PageType type) {
  const bool pr = (flags & sgx::kSecinfoPr) != 0;
  const bool pending = (flags & sgx::kSecinfoPending) != 0;
  const bool modified = (flags & sgx::kSecinfoModified) != 0;
  if (type == PageType::reg) return (pr || pending) && !modified;
  return (type == PageType::tcs || type == PageType::trim) && !pr && !pending && modified;
}

}  // namespace

Outcome eaccept(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  const uint64_t secinfo_address = processor.registers.rbx;
  const uint64_t address = processor.registers.rcx;
  if (secinfo_address % alignof(sgx::Secinfo) != 0) return general_protection();
  if (!enclave.in_elrange(secinfo_address)) return general_protection();
  sgx::Secinfo secinfo{};
  TWINE_SGX_CHECK(enclave.read_operand(secinfo_address, &secinfo, sizeof secinfo));
  if (!reserved_is_zero(secinfo)) return general_protection();
  if (address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(address)) return general_protection();
  TWINE_SGX_CHECK(enclave.resolve(address, Access::read));
  const PageType type = page_type(secinfo);
  if (!legal_request(secinfo.flags, type)) return general_protection();
  EpcmEntry& entry = enclave.epcm.at(address);
  if (entry.blocked) return epcm_fault(address);

  const bool pending = (secinfo.flags & sgx::kSecinfoPending) != 0;
  const bool modified = (secinfo.flags & sgx::kSecinfoModified) != 0;
  if (entry.pending != pending || entry.modified != modified ||
      entry.rwx() != (secinfo.flags & sgx::kSecinfoRwx) || entry.type() != type) {
    return error(Code::page_attributes_mismatch);
  }
  if (!entry.tracked) return error(Code::not_tracked);
  if (type == PageType::tcs && !acceptable_tcs(enclave.tcs_at(address).tcs)) return general_protection();

  entry.pending = 0;
  entry.modified = 0;
  entry.pr = 0;
  if (pending) processor.tcs->accepted = address;
  return done();
}

Outcome eacceptcopy(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  const uint64_t secinfo_address = processor.registers.rbx;
  const uint64_t target = processor.registers.rcx;
  const uint64_t source = processor.registers.rdx;
  if (secinfo_address % alignof(sgx::Secinfo) != 0) return general_protection();
  if (target % kEpcPageSize != 0 || source % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(secinfo_address) || !enclave.in_elrange(target) || !enclave.in_elrange(source))
    return general_protection();
  // All three are resolved before the EPCM is asked about any.
  TWINE_SGX_CHECK(enclave.resolve(secinfo_address, Access::read));
  TWINE_SGX_CHECK(enclave.resolve(target, Access::write));
  TWINE_SGX_CHECK(enclave.resolve(source, Access::read));
  sgx::Secinfo secinfo{};
  TWINE_SGX_CHECK(enclave.read_operand(secinfo_address, &secinfo, sizeof secinfo));
  if (!reserved_is_zero(secinfo) || writable_but_not_readable(secinfo.flags) ||
      page_type(secinfo) != PageType::reg) {
    return general_protection();
  }
  TWINE_SGX_CHECK(enclave.access(source, Access::read));
  EpcmEntry& entry = enclave.epcm.at(target);
  if (!entry.pending || entry.modified || entry.blocked || !entry.is(PageType::reg))
    return error(Code::page_attributes_mismatch);
  if (entry.rwx() != (sgx::kSecinfoR | sgx::kSecinfoW)) return error(Code::page_attributes_mismatch);

  alignas(16) std::array<uint8_t, kEpcPageSize> content;
  TWINE_SGX_CHECK(enclave.read_operand(source, content.data(), content.size()));
  if (!enclave.memory.write(target, content.data(), content.size())) return epcm_fault(target, true);
  entry.set_rwx(secinfo.flags);
  entry.pending = 0;
  return enclave.memory.close(target, kEpcPageSize) == 0 ? done() : epcm_fault(target, true);
}

Outcome emodpe(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  const uint64_t secinfo_address = processor.registers.rbx;
  const uint64_t address = processor.registers.rcx;
  if (secinfo_address % alignof(sgx::Secinfo) != 0 || address % kEpcPageSize != 0)
    return general_protection();
  if (!enclave.in_elrange(secinfo_address) || !enclave.in_elrange(address)) return general_protection();
  TWINE_SGX_CHECK(enclave.resolve(secinfo_address, Access::read));
  TWINE_SGX_CHECK(enclave.resolve(address, Access::read));
  sgx::Secinfo secinfo{};
  TWINE_SGX_CHECK(enclave.read_operand(secinfo_address, &secinfo, sizeof secinfo));
  if (!reserved_is_zero(secinfo)) return general_protection();
  EpcmEntry& entry = enclave.epcm.at(address);
  if (entry.pending || entry.modified || entry.blocked || !entry.is(PageType::reg))
    return epcm_fault(address);
  const uint64_t extended = entry.rwx() | (secinfo.flags & sgx::kSecinfoRwx);
  if (writable_but_not_readable(extended)) return general_protection();
  entry.set_rwx(extended);
  return done();
}

}  // namespace twine::host::emulator

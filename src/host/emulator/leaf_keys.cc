// EREPORT and EGETKEY: what an enclave can prove to another on this platform, and the keys only it can have.
#include <algorithm>
#include <cstring>

#include "host/emulator/leaves.h"
#include "host/emulator/secinfo.h"

namespace twine::host::emulator {

using Code = sgx::ErrorCode;

namespace {

constexpr uint16_t kKeypolicyKss = sgx::kKeypolicyNoisvprodid | sgx::kKeypolicyConfigid |
                                   sgx::kKeypolicyIsvfamilyid | sgx::kKeypolicyIsvextprodid;
constexpr uint16_t kKeypolicyDefined = sgx::kKeypolicyMrenclave | sgx::kKeypolicyMrsigner | kKeypolicyKss;
// Attributes that a sealing key always depends on.
constexpr uint64_t kRequiredSealingFlags = sgx::kAttributeInit | sgx::kAttributeDebug;

// An explicit memory operand: alignment and ELRANGE give #GP, everything about the page #PF.
Outcome check_operand(Enclave& enclave, uint64_t address, uint64_t alignment, Access access) {
  if (address % alignment != 0 || !enclave.in_elrange(address)) return general_protection();
  return enclave.access(address, access);
}

bool svn_beyond(const uint8_t (&requested)[16], const std::array<uint8_t, 16>& current) {
  for (size_t i = 0; i < current.size(); ++i) {
    if (requested[i] > current[i]) return true;
  }
  return false;
}

// What the report key of an enclave depends on; EREPORT takes the enclave from TARGETINFO, EGETKEY from the
// SECS.
KeyDependencies report_dependencies(const Platform& platform, const sgx::TargetInfo& target,
                                    const uint8_t (&keyid)[32]) {
  KeyDependencies dependencies;
  dependencies.keyname = static_cast<uint16_t>(sgx::KeyName::report);
  dependencies.attributes = target.attributes;
  std::memcpy(dependencies.mrenclave, target.measurement, sizeof dependencies.mrenclave);
  std::memcpy(dependencies.keyid, keyid, sizeof dependencies.keyid);
  std::copy(platform.cpusvn().begin(), platform.cpusvn().end(), dependencies.cpusvn);
  dependencies.miscselect = target.miscselect;
  std::memcpy(dependencies.configid, target.configid, sizeof dependencies.configid);
  dependencies.configsvn = target.configsvn;
  return dependencies;
}

// The identity parts that KEYPOLICY selects, for SEAL and PROVISION_SEAL.
void add_policy(KeyDependencies& dependencies, const sgx::KeyRequest& request, const Enclave& enclave) {
  const sgx::Secs& secs = enclave.secs;
  const auto asks = [&](uint16_t bit) { return (request.keypolicy & bit) != 0; };
  if (asks(sgx::kKeypolicyIsvfamilyid))
    std::memcpy(dependencies.isvfamilyid, enclave.isvfamilyid, sizeof enclave.isvfamilyid);
  if (!asks(sgx::kKeypolicyNoisvprodid)) dependencies.isvprodid = secs.isvprodid;
  if (asks(sgx::kKeypolicyConfigid)) {
    std::memcpy(dependencies.configid, secs.configid, sizeof secs.configid);
    dependencies.configsvn = request.configsvn;
  }
  if (asks(sgx::kKeypolicyIsvextprodid))
    std::memcpy(dependencies.isvextprodid, enclave.isvextprodid, sizeof enclave.isvextprodid);
}

// The checks of SVNs that every key but the report key has.
Outcome check_svns(const sgx::KeyRequest& request, const Enclave& enclave, bool with_configsvn) {
  if (svn_beyond(request.cpusvn, enclave.platform.cpusvn())) return error(Code::invalid_cpusvn);
  if (request.isvsvn > enclave.secs.isvsvn) return error(Code::invalid_isvsvn);
  if (with_configsvn && request.configsvn > enclave.secs.configsvn) return error(Code::invalid_isvsvn);
  return done();
}

// Fills in what the key depends on, or says why the enclave may not have it.
Outcome key_dependencies(const sgx::KeyRequest& request, const Enclave& enclave,
                         KeyDependencies& dependencies) {
  const sgx::Secs& secs = enclave.secs;
  const sgx::Attributes attributes = {
      .flags = (request.attributemask.flags | kRequiredSealingFlags) & secs.attributes.flags,
      .xfrm = request.attributemask.xfrm & secs.attributes.xfrm};
  const auto has = [&](uint64_t attribute) { return (secs.attributes.flags & attribute) != 0; };
  const auto common = [&] {
    dependencies.keyname = request.keyname;
    dependencies.isvsvn = request.isvsvn;
    dependencies.attributes = attributes;
    dependencies.miscselect = request.miscmask & secs.miscselect;
    std::memcpy(dependencies.cpusvn, request.cpusvn, sizeof request.cpusvn);
    std::memcpy(dependencies.keyid, request.keyid, sizeof request.keyid);
  };

  switch (static_cast<sgx::KeyName>(request.keyname)) {
    case sgx::KeyName::seal:
      TWINE_SGX_CHECK(check_svns(request, enclave, true));
      common();
      dependencies.attributesmask = request.attributemask;
      dependencies.miscmask = ~request.miscmask;
      dependencies.keypolicy = request.keypolicy;
      if ((request.keypolicy & sgx::kKeypolicyMrenclave) != 0) {
        std::memcpy(dependencies.mrenclave, secs.mrenclave, sizeof secs.mrenclave);
      }
      if ((request.keypolicy & sgx::kKeypolicyMrsigner) != 0)
        std::memcpy(dependencies.mrsigner, secs.mrsigner, sizeof secs.mrsigner);
      add_policy(dependencies, request, enclave);
      return done();
    case sgx::KeyName::report: {
      sgx::TargetInfo self{};
      std::memcpy(self.measurement, secs.mrenclave, sizeof secs.mrenclave);
      self.attributes = secs.attributes;
      self.miscselect = secs.miscselect;
      std::memcpy(self.configid, secs.configid, sizeof secs.configid);
      self.configsvn = secs.configsvn;
      dependencies = report_dependencies(enclave.platform, self, request.keyid);
      return done();
    }
    case sgx::KeyName::einittoken:
      if (!has(sgx::kAttributeEinittokenKey)) return error(Code::invalid_attribute);
      TWINE_SGX_CHECK(check_svns(request, enclave, false));
      common();
      dependencies.isvprodid = secs.isvprodid;
      std::memcpy(dependencies.mrsigner, secs.mrsigner, sizeof secs.mrsigner);
      return done();
    case sgx::KeyName::provision:
      if (!has(sgx::kAttributeProvisionKey)) return error(Code::invalid_attribute);
      TWINE_SGX_CHECK(check_svns(request, enclave, false));
      common();
      std::memset(dependencies.keyid, 0, sizeof dependencies.keyid);
      dependencies.attributesmask = request.attributemask;
      dependencies.miscmask = ~request.miscmask;
      dependencies.isvprodid = secs.isvprodid;
      std::memcpy(dependencies.mrsigner, secs.mrsigner, sizeof secs.mrsigner);
      return done();
    case sgx::KeyName::provision_seal:
      if (!has(sgx::kAttributeProvisionKey)) return error(Code::invalid_attribute);
      // The pseudo-code does not look at CONFIGSVN here, although the prose speaks of every key.
      TWINE_SGX_CHECK(check_svns(request, enclave, false));
      common();
      std::memset(dependencies.keyid, 0, sizeof dependencies.keyid);
      dependencies.attributesmask = request.attributemask;
      dependencies.miscmask = ~request.miscmask;
      dependencies.keypolicy = request.keypolicy;
      std::memcpy(dependencies.mrsigner, secs.mrsigner, sizeof secs.mrsigner);
      add_policy(dependencies, request, enclave);
      return done();
  }
  return error(Code::invalid_keyname);
}

}  // namespace

Outcome ereport(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  const Registers& registers = processor.registers;
  TWINE_SGX_CHECK(check_operand(enclave, registers.rbx, 512, Access::read));
  sgx::TargetInfo target{};
  TWINE_SGX_CHECK(enclave.read_operand(registers.rbx, &target, sizeof target));
  // No CET: its attributes are reserved.
  if (target.cet_attributes != 0 || target.reserved1 != 0 || !all_zero(target.reserved2) ||
      !all_zero(target.reserved3)) {
    return general_protection();
  }
  TWINE_SGX_CHECK(check_operand(enclave, registers.rcx, 128, Access::read));
  TWINE_SGX_CHECK(check_operand(enclave, registers.rdx, 512, Access::write));

  const sgx::Secs& secs = enclave.secs;
  const Platform& platform = enclave.platform;
  sgx::Report report{};
  TWINE_SGX_CHECK(enclave.read_operand(registers.rcx, report.reportdata, sizeof report.reportdata));
  std::copy(platform.cpusvn().begin(), platform.cpusvn().end(), report.cpusvn);
  report.miscselect = secs.miscselect;
  std::memcpy(report.isvextprodid, enclave.isvextprodid, sizeof report.isvextprodid);
  report.attributes = secs.attributes;
  std::memcpy(report.mrenclave, secs.mrenclave, sizeof report.mrenclave);
  std::memcpy(report.mrsigner, secs.mrsigner, sizeof report.mrsigner);
  std::memcpy(report.configid, secs.configid, sizeof report.configid);
  report.isvprodid = secs.isvprodid;
  report.isvsvn = secs.isvsvn;
  report.configsvn = secs.configsvn;
  std::memcpy(report.isvfamilyid, enclave.isvfamilyid, sizeof report.isvfamilyid);
  std::copy(platform.report_keyid().begin(), platform.report_keyid().end(), report.keyid);

  const Key128 key = platform.derive_key(report_dependencies(platform, target, report.keyid));
  const Key128 mac =
      aes_cmac(key, std::span(reinterpret_cast<const uint8_t*>(&report), sgx::kReportMacedSize));
  std::copy(mac.begin(), mac.end(), report.mac);
  return enclave.write_operand(registers.rdx, &report, sizeof report);
}

Outcome egetkey(Processor& processor) {
  Enclave& enclave = *processor.enclave;
  const Registers& registers = processor.registers;
  TWINE_SGX_CHECK(check_operand(enclave, registers.rbx, 512, Access::read));
  TWINE_SGX_CHECK(check_operand(enclave, registers.rcx, 16, Access::write));
  sgx::KeyRequest request{};
  TWINE_SGX_CHECK(enclave.read_operand(registers.rbx, &request, sizeof request));

  if (request.reserved1 != 0 || !all_zero(request.reserved2) ||
      (request.keypolicy & ~kKeypolicyDefined) != 0) {
    return general_protection();
  }
  if (request.cet_attributes_mask != 0) return general_protection();  // no CET
  const bool kss = (enclave.secs.attributes.flags & sgx::kAttributeKss) != 0;
  if (!kss && ((request.keypolicy & kKeypolicyKss) != 0 || request.configsvn != 0))
    return general_protection();

  KeyDependencies dependencies;
  TWINE_SGX_CHECK(key_dependencies(request, enclave, dependencies));
  const Key128 key = enclave.platform.derive_key(dependencies);
  return enclave.write_operand(registers.rcx, key.data(), key.size());
}

}  // namespace twine::host::emulator

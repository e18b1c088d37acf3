#include "enclave/platform/sgx/identity.h"

#include <algorithm>
#include <cstring>

#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/enclu.h"
#include "enclave/platform/sgx/thread.h"

namespace twine::enclave {
namespace {

Identity own_identity;

// Operands of EREPORT and EGETKEY, at the alignment the SDM asks for.
struct alignas(128) ReportData {
  uint8_t bytes[kReportDataSize];
};
struct alignas(512) AlignedReport {
  sgx::Report report;
};
struct alignas(16) AlignedKey {
  SealKey key;
};

template <size_t kSize>
void copy(std::array<uint8_t, kSize>& to, const uint8_t (&from)[kSize]) {
  std::copy(std::begin(from), std::end(from), to.begin());
}

// The sealing key depends on what makes the enclave trustworthy and not on what a later processor may add.
constexpr uint64_t kSealedFlags = sgx::kAttributeInit | sgx::kAttributeDebug | sgx::kAttributeMode64Bit;

}  // namespace

const Identity& identity() {
  return own_identity;
}

void check_identity() {
  const sgx::TargetInfo nobody{};  // read here, verified by no one
  const ReportData data{};
  AlignedReport aligned{};
  ereport(nobody, &data, &aligned);
  const sgx::Report& report = aligned.report;

  copy(own_identity.mrenclave, report.mrenclave);
  copy(own_identity.mrsigner, report.mrsigner);
  copy(own_identity.cpu_svn, report.cpusvn);
  own_identity.attribute_flags = report.attributes.flags;
  own_identity.is_debug = (report.attributes.flags & sgx::kAttributeDebug) != 0;
  own_identity.xfrm = report.attributes.xfrm;
  own_identity.misc_select = report.miscselect;
  own_identity.isv_prod_id = report.isvprodid;
  own_identity.isv_svn = report.isvsvn;

  const uint64_t flags = report.attributes.flags;
  const uint64_t xfrm = report.attributes.xfrm;
  if ((report.miscselect & sgx::kMiscExinfo) == 0) {
    host_attack(
        "the enclave was created without MISCSELECT.EXINFO, so the processor does not tell the addresses of "
        "faults");
  }
  constexpr uint64_t kNeeded = sgx::kAttributeInit | sgx::kAttributeMode64Bit;
  if ((flags & kNeeded) != kNeeded) panic("the enclave's attributes lack INIT or MODE64BIT");
  if ((flags & (sgx::kAttributeProvisionKey | sgx::kAttributeEinittokenKey)) != 0) {
    panic(
        "the enclave was created with a key attribute (PROVISIONKEY or EINITTOKENKEY) that it has no use "
        "for");
  }
  constexpr uint64_t kKnown = sgx::kXfrmLegacy | sgx::kXfrmAvx | sgx::kXfrmAvx512 | sgx::kXfrmPkru;
  if ((xfrm & sgx::kXfrmLegacy) != sgx::kXfrmLegacy) panic("the enclave's XFRM lacks x87 or SSE state");
  if ((xfrm & ~kKnown) != 0)
    panic("the enclave's XFRM has state beyond AVX-512 and PKRU, for which the SSA frame has no room");
  twine_extended_state = xfrm;
}

std::array<uint8_t, kReportSize> make_report(std::span<const uint8_t, kTargetInfoSize> target_info,
                                             std::span<const uint8_t, kReportDataSize> report_data) {
  sgx::TargetInfo target;
  std::memcpy(&target, target_info.data(), sizeof target);
  ReportData data;
  std::memcpy(&data, report_data.data(), sizeof data.bytes);
  AlignedReport aligned{};
  ereport(target, &data, &aligned);
  std::array<uint8_t, kReportSize> bytes;
  static_assert(sizeof(sgx::Report) == kReportSize);
  std::memcpy(bytes.data(), &aligned.report, kReportSize);
  return bytes;
}

Result<SealKey> seal_key(const SealKeyRequest& request) {
  sgx::KeyRequest key_request{};
  key_request.keyname = static_cast<uint16_t>(sgx::KeyName::seal);
  key_request.keypolicy =
      request.policy == SealPolicy::this_enclave ? sgx::kKeypolicyMrenclave : sgx::kKeypolicyMrsigner;
  key_request.isvsvn = request.isv_svn;
  std::copy(request.cpu_svn.begin(), request.cpu_svn.end(), key_request.cpusvn);
  key_request.attributemask = {.flags = kSealedFlags, .xfrm = 0};
  std::copy(request.key_id.begin(), request.key_id.end(), key_request.keyid);
  key_request.miscmask = 0;

  AlignedKey aligned{};
  switch (egetkey(key_request, &aligned)) {
    case sgx::ErrorCode::success:
      return aligned.key;
    case sgx::ErrorCode::invalid_isvsvn:
      return fail(
          ErrorCode::signature,
          "sealed by an enclave of a higher security version (ISVSVN) than this one; run the newer image");
    case sgx::ErrorCode::invalid_cpusvn:
      return fail(
          ErrorCode::signature,
          "sealed on a processor of a higher security version (CPUSVN) than this one; update its microcode");
    default:
      return fail(ErrorCode::internal, "the processor refuses the sealing key (EGETKEY)");
  }
}

}  // namespace twine::enclave

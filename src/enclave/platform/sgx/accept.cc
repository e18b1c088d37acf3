#include "enclave/platform/accept.h"

#include <bit>

#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/enclu.h"
#include "enclave/platform/sgx/thread.h"
#include "enclave/start/layout.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {
namespace {

constexpr sgx::Secinfo secinfo(uint64_t flags, sgx::PageType type) {
  return {.flags = flags | sgx::secinfo_page_type(type), .reserved = {}};
}

// What EACCEPT demands the page's EPCM entry to be (SDM, "EACCEPT", operation).
constexpr sgx::Secinfo kAdded =
    secinfo(sgx::kSecinfoR | sgx::kSecinfoW | sgx::kSecinfoPending, sgx::PageType::reg);
constexpr sgx::Secinfo kThread = secinfo(sgx::kSecinfoModified, sgx::PageType::tcs);
constexpr sgx::Secinfo kTrimmed = secinfo(sgx::kSecinfoModified, sgx::PageType::trim);
// What EACCEPTCOPY gives the page.
constexpr sgx::Secinfo kReadOnly = secinfo(sgx::kSecinfoR, sgx::PageType::reg);
constexpr sgx::Secinfo kCode = secinfo(sgx::kSecinfoR | sgx::kSecinfoX, sgx::PageType::reg);

}  // namespace

void accept_page(uint64_t page) {
  if (eaccept(kAdded, page) != sgx::ErrorCode::success)
    host_attack("a page that was to be new is not (EACCEPT)");
}

void accept_page_copy(uint64_t page, const void* source, PageAccess access) {
  const sgx::Secinfo& wanted = access == PageAccess::read_execute ? kCode : kReadOnly;
  if (eacceptcopy(wanted, page, source) != sgx::ErrorCode::success) {
    host_attack("a page that was to be new is not (EACCEPTCOPY)");
  }
}

void write_thread_entry(uint64_t block) {
  auto& tcs = *std::bit_cast<sgx::Tcs*>(block);
  const uint64_t offset = block - enclave_base();
  tcs = {};
  tcs.ossa = offset + kThreadBlock.ssa;
  tcs.nssa = kImage.nssa;
  tcs.oentry = reinterpret_cast<uint64_t>(&enclave_entry) - enclave_base();
  tcs.ofsbasgx = offset + kThreadBlock.tcb;
  tcs.ogsbasgx = offset + kThreadBlock.tcb;
  tcs.fslimit = 0xffff'ffff;
  tcs.gslimit = 0xffff'ffff;
}

void accept_thread_entry(uint64_t page) {
  if (eaccept(kThread, page) != sgx::ErrorCode::success)
    host_attack("a page that was to be a thread's entry is not (EACCEPT)");
}

bool accept_trim(uint64_t page) {
  return eaccept(kTrimmed, page) == sgx::ErrorCode::success;
}

}  // namespace twine::enclave

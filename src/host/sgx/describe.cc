// Results of driver calls as sentences.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "common/sgx/arch.h"
#include "host/sgx/driver.h"

namespace twine::host::sgx {
namespace {

using Code = twine::sgx::ErrorCode;

// Codes that EINIT gives; others cannot come out of a driver call.
std::string sgx_error_text(int code) {
  switch (static_cast<Code>(code)) {
    case Code::invalid_sig_struct:
      return "the SIGSTRUCT is malformed (SGX_INVALID_SIG_STRUCT); sign the enclave again";
    case Code::invalid_attribute:
      return "the enclave's ATTRIBUTES or MISCSELECT are not those that were signed (SGX_INVALID_ATTRIBUTE)";
    case Code::invalid_measurement:
      return "the enclave's pages are not those that were signed: MRENCLAVE differs "
             "(SGX_INVALID_MEASUREMENT); sign it again";
    case Code::invalid_signature:
      return "the SIGSTRUCT's signature does not verify (SGX_INVALID_SIGNATURE); sign the enclave again";
    case Code::invalid_einittoken:
      return "the platform's launch control does not admit this signer (SGX_INVALID_EINITTOKEN)";
    case Code::unmasked_event:
      return "interrupted too often (SGX_UNMASKED_EVENT); try again";
    default:
      return fmt::format("SGX error code {}", code);
  }
}

std::string errno_text(int number) {
  switch (number) {
    case EACCES:
      return "not permitted: an attribute that must be allowed first (PROVISIONKEY needs "
             "/dev/sgx_provision), a protection beyond what the "
             "pages were added with, or a source page from a noexec file system (EACCES)";
    case EPERM:
      return "refused (EPERM): at initialisation, the SIGSTRUCT, its signature, or MRENCLAVE does not match; "
             "at removal, the page was not "
             "trimmed and accepted by the enclave";
    case ENOMEM:
      return "no enclave page cache is free, or a range is not mapped (ENOMEM); stop other enclaves or lower "
             "the memory limit";
    case EIO:
      return "the processor refused the operation, or the enclave was lost by suspend or migration (EIO)";
    case EINVAL:
      return "an argument, or the state of the enclave, does not fit this call (EINVAL)";
    case EFAULT:
      return "a page is missing, or could not be changed; see result and count (EFAULT)";
    case EBUSY:
      return "a page is already there, or in use (EBUSY)";
    default:
      return std::strerror(number);
  }
}

}  // namespace

std::string describe(std::string_view call, int result) {
  return fmt::format("{}: {}", call, result > 0 ? sgx_error_text(result) : errno_text(-result));
}

}  // namespace twine::host::sgx

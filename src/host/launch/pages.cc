#include "host/launch/pages.h"

#include <sys/mman.h>

#include <cerrno>

#include "common/sgx/arch.h"

namespace twine::host {
namespace {

using wasi::Errno;

std::unexpected<Errno> refuse(int result) {
  switch (result) {
    case -EINVAL:
    case -EACCES:
    case -EPERM:
      return std::unexpected(Errno::inval);
    case -ENOMEM:
      return std::unexpected(Errno::nomem);
    case -EAGAIN:
    case -EBUSY:
      return std::unexpected(Errno::again);
    default:
      return std::unexpected(Errno::io);
  }
}

wasi::IoResult<void> to_result(int result) {
  if (result != 0) return refuse(result);
  return {};
}

// The ioctls on runs of pages stop where a page fails, or when a signal comes, and say in `count` how far
// they got.
template <typename Argument, typename Call>
wasi::IoResult<void> for_whole_run(uint64_t offset, uint64_t length, Argument argument, Call&& call) {
  for (uint64_t done = 0; done < length;) {
    argument.offset = offset + done;
    argument.length = length - done;
    argument.count = 0;
    const int result = call(argument);
    done += argument.count;
    if (result == -EINTR || (result == -EAGAIN && argument.count != 0)) continue;
    if (result != 0) return refuse(result);
    if (argument.count == 0) return std::unexpected(Errno::io);
  }
  return {};
}

int to_protection(uint32_t protection) {
  int result = PROT_NONE;
  if ((protection & hostcall::kPageRead) != 0) result |= PROT_READ;
  if ((protection & hostcall::kPageWrite) != 0) result |= PROT_WRITE;
  if ((protection & hostcall::kPageExecute) != 0) result |= PROT_EXEC;
  return result;
}

}  // namespace

wasi::IoResult<void> EnclavePages::open(uint64_t offset, uint64_t length, uint32_t protection) {
  if (!inside(offset, length)) return std::unexpected(Errno::inval);
  return to_result(enclave_.driver().map(enclave_.base() + offset, length, to_protection(protection)));
}

wasi::IoResult<void> EnclavePages::close(uint64_t offset, uint64_t length) {
  if (!inside(offset, length)) return std::unexpected(Errno::inval);
  return to_result(enclave_.driver().unmap(enclave_.base() + offset, length));
}

wasi::IoResult<void> EnclavePages::trim(uint64_t offset, uint64_t length) {
  if (!inside(offset, length)) return std::unexpected(Errno::inval);
  sgx_enclave_modify_types argument{};
  argument.page_type = static_cast<uint64_t>(twine::sgx::PageType::trim);
  return for_whole_run(offset, length, argument,
                       [this](auto& run) { return enclave_.driver().modify_types(run); });
}

wasi::IoResult<void> EnclavePages::remove(uint64_t offset, uint64_t length) {
  if (!inside(offset, length)) return std::unexpected(Errno::inval);
  return for_whole_run(offset, length, sgx_enclave_remove_pages{},
                       [this](auto& run) { return enclave_.driver().remove_pages(run); });
}

wasi::IoResult<void> EnclavePages::restrict(uint64_t offset, uint64_t length, uint32_t protection) {
  if (!inside(offset, length)) return std::unexpected(Errno::inval);
  sgx_enclave_restrict_permissions argument{};
  argument.permissions = protection;  // PageProtection's bits are SECINFO's
  static_assert(hostcall::kPageRead == twine::sgx::kSecinfoR &&
                hostcall::kPageWrite == twine::sgx::kSecinfoW &&
                hostcall::kPageExecute == twine::sgx::kSecinfoX);
  return for_whole_run(offset, length, argument,
                       [this](auto& run) { return enclave_.driver().restrict_permissions(run); });
}

wasi::IoResult<void> EnclavePages::make_thread(uint64_t offset) {
  if (!inside(offset, kPageSize)) return std::unexpected(Errno::inval);
  sgx_enclave_modify_types argument{};
  argument.page_type = static_cast<uint64_t>(twine::sgx::PageType::tcs);
  return for_whole_run(offset, kPageSize, argument,
                       [this](auto& run) { return enclave_.driver().modify_types(run); });
}

void EnclavePages::thread_ready(uint64_t offset) {
  if (slots_ != nullptr && inside(offset, kPageSize)) slots_->add(enclave_.base() + offset);
}

bool EnclavePages::inside(uint64_t offset, uint64_t length) const {
  return length != 0 && offset % kPageSize == 0 && length % kPageSize == 0 && offset < enclave_.size() &&
         length <= enclave_.size() - offset;
}

}  // namespace twine::host

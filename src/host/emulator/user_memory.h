// Memory of the process that hosts the emulator, accessed as a kernel does: where it cannot be, the answer is false
// and not a signal.
#pragma once

#include <sys/uio.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace twine::host::emulator {

[[nodiscard]] inline bool copy_from_user(void* destination, uint64_t source, size_t size) {
  const iovec local{.iov_base = destination, .iov_len = size};
  const iovec remote{.iov_base = std::bit_cast<void*>(source), .iov_len = size};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

[[nodiscard]] inline bool copy_to_user(uint64_t destination, void* source, size_t size) {
  const iovec local{.iov_base = source, .iov_len = size};
  const iovec remote{.iov_base = std::bit_cast<void*>(destination), .iov_len = size};
  return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace twine::host::emulator

// Memory of the process that hosts the emulator, accessed as a kernel does: where it cannot be, the answer is false
// and not a signal.
//
// The bytes go through a file in memory, because read(2) and write(2) are copy_to_user and copy_from_user, and are still
// allowed when the process has confined itself (process_vm_readv(2) is not). The file is made at the first copy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twine::host::emulator {

// `size` is at most a page.
[[nodiscard]] bool copy_from_user(void* destination, uint64_t source, size_t size);
[[nodiscard]] bool copy_to_user(uint64_t destination, const void* source, size_t size);

}  // namespace twine::host::emulator

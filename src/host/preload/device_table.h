// The descriptors and address ranges of this process that belong to emulated devices.
//
// A descriptor of an emulated device is one of a sealed, empty memory file; the file's inode says which device is
// meant. So dup(2), fcntl(F_DUPFD) and passing it over a socket within the process need no attention. An opened device
// lives, as in the kernel, as long as one descriptor or one mapping of it.
//
// All functions may be called by any thread and within signal handlers, and after fork(2) in the child, which starts
// with an empty table: the enclaves are its parent's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace twine::host::preload {

enum class DeviceName : uint8_t { enclave, provision };

// Which device a path means; nothing for any other path.
[[nodiscard]] std::optional<DeviceName> device_of_path(const char* path);
// Which device an open descriptor is of. Cheap as long as none was ever opened.
[[nodiscard]] std::optional<DeviceName> device_of_descriptor(int fd);

// The functions below answer like the system calls: a result, or a negated errno. Where they find that the call is
// none of theirs they answer nothing, and the caller makes the system call.
int open_device(DeviceName name, int flags);
std::optional<int> device_close(int fd);
std::optional<int> device_ioctl(int fd, unsigned request, uint64_t argument);
std::optional<int64_t> device_mmap(uint64_t address, uint64_t length, int protection, int flags, int fd);
std::optional<int> device_mprotect(uint64_t address, uint64_t length, int protection);
std::optional<int> device_munmap(uint64_t address, uint64_t length);
// madvise(2) that would drop contents: refused for an enclave's mappings, as for every VM_PFNMAP.
std::optional<int> device_madvise(uint64_t address, uint64_t length, int advice);

// The EPC that the machine has; before the first open.
void set_epc_size(uint64_t bytes);

}  // namespace twine::host::preload

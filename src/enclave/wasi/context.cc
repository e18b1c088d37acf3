#include "enclave/wasi/context.h"

#include <utility>

#include "enclave/fs/host_directory.h"
#include "enclave/fs/host_stream.h"

namespace twine::wasi {

WasiContext::WasiContext(WasiConfig config)
    : arguments(std::move(config.arguments)), environment(std::move(config.environment)) {
  // The table is empty and far larger than this, so these insertions cannot fail.
  const auto add_standard = [this](hostcall::Handle handle, Rights rights) {
    static_cast<void>(resources.insert(
        {.descriptor = fs::HostStream::standard(handle), .rights = rights, .inheriting = 0, .preopen = {}}));
  };
  add_standard(hostcall::kStdin, kStreamRights & ~rights::fd_write);
  add_standard(hostcall::kStdout, kStreamRights & ~rights::fd_read);
  add_standard(hostcall::kStderr, kStreamRights & ~rights::fd_read);
  for (uint32_t index = 0; Mount & mount : config.mounts) {
    static_cast<void>(resources.insert({.descriptor = fs::HostDirectory::mount(index++, mount.read_only),
                                        .rights = kDirectoryRights,
                                        .inheriting = kDirectoryRights | kFileRights,
                                        .preopen = std::move(mount.guest_path)}));
  }
}

WasiContext::~WasiContext() = default;

}  // namespace twine::wasi

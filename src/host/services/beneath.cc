#include "host/services/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdint>

#include "host/services/system.h"

namespace twine::host {

namespace {

// Resolution gives up with EAGAIN when a rename elsewhere races with a `..`; it is meant to be tried again.
constexpr int kResolutionAttempts = 128;

}  // namespace

wasi::IoResult<UniqueFd> open_beneath(int directory, std::string_view path, int flags, unsigned mode) {
  const std::string terminated(path);
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  // With O_PATH the kernel refuses flags that mean nothing there.
  if ((flags & O_PATH) == 0) how.flags |= O_NOCTTY;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 1;; ++attempt) {
    const int64_t fd = syscall(SYS_openat2, directory, terminated.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno == EXDEV) return std::unexpected(wasi::Errno::perm);
    const bool again =
        errno == EINTR || (errno == EAGAIN && (flags & O_NONBLOCK) == 0 && attempt < kResolutionAttempts);
    if (!again) return system_error();
  }
}

wasi::IoResult<Parent> Parent::resolve(int directory, std::string_view path) {
  if (path.empty()) return std::unexpected(wasi::Errno::noent);
  const size_t last_of_name = path.find_last_not_of('/');
  if (last_of_name == path.npos) return std::unexpected(wasi::Errno::perm);  // the root of the host
  const size_t slash = path.find_last_of('/', last_of_name);
  const size_t name = slash == path.npos ? 0 : slash + 1;
  if (path.substr(name, last_of_name + 1 - name) == "..") {
    // No operation on names acts on `..`; what it says to that is not to tell of places outside.
    const auto beneath = open_beneath(directory, path, O_PATH | O_DIRECTORY);
    if (!beneath) return std::unexpected(beneath.error());
  }
  Parent parent;
  if (slash == path.npos) {
    parent.borrowed_ = directory;
    parent.name_ = path;
    return parent;
  }
  // With the slash, so that the parent of "/name" is "/", which is refused, and not the empty path.
  auto opened = open_beneath(directory, path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
  if (!opened) return std::unexpected(opened.error());
  parent.opened_ = std::move(*opened);
  parent.name_ = path.substr(name);
  return parent;
}

}  // namespace twine::host

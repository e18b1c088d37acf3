// Paths that cannot leave their directory.
//
// Every path of a guest is resolved by the kernel with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS: each `..`
// and each symbolic link on the way is judged as it is walked, so nothing can be swapped between a check and
// its use. An attempt to leave is `perm`, as other WASI hosts answer it. Operations that act on a name
// (create, remove, rename) resolve the parent this way and hand the last component, which has no slash before
// its end, to a system call that does not follow it.
#pragma once

#include <string>
#include <string_view>

#include "common/wasi_types.h"
#include "host/services/unique_fd.h"

namespace twine::host {

// Opens `path` beneath `directory`. `flags` as in open(2); O_CLOEXEC and O_NOCTTY are added.
wasi::IoResult<UniqueFd> open_beneath(int directory, std::string_view path, int flags, unsigned mode = 0);

// The directory that holds the last component of a path, and that component.
class Parent {
 public:
  // Errors: noent for an empty path, and those of open_beneath.
  static wasi::IoResult<Parent> resolve(int directory, std::string_view path);

  [[nodiscard]] int fd() const { return opened_.valid() ? opened_.get() : borrowed_; }
  // As given, with its trailing slashes: the kernel's name operations know what those mean and do not follow
  // a link for them.
  [[nodiscard]] const char* name() const { return name_.c_str(); }
  // link(2) would follow a symbolic link for the sake of a trailing slash.
  [[nodiscard]] bool has_trailing_slash() const { return name_.ends_with('/'); }

 private:
  int borrowed_ = -1;
  UniqueFd opened_;
  std::string name_;
};

}  // namespace twine::host

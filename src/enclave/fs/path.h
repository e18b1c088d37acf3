// What a guest's path must be before any file system sees it.
#pragma once

#include <string_view>

#include "common/wasi_types.h"

namespace twine::fs {

// Errors, in this order: nametoolong; ilseq (not UTF-8); inval (a NUL); noent (empty); perm (absolute).
// What `..` and symbolic links make of it is judged where they are followed, component by component, as Linux's
// RESOLVE_BENEATH has it: in MemoryTree::resolve inside, by openat2 on the host. Read as text, a path cannot tell:
// `link/../..` stays inside where the link leads deep enough.
wasi::IoResult<void> check_path(std::string_view path);

// The same for what a symbolic link shall hold; an absolute one is refused (perm).
wasi::IoResult<void> check_symlink_contents(std::string_view contents);

}  // namespace twine::fs

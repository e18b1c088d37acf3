// What a guest's path must be before any file system sees it.
#pragma once

#include <string_view>

#include "common/wasi_types.h"

namespace twine::fs {

// Errors, in this order: nametoolong; ilseq (not UTF-8); inval (a NUL); noent (empty); perm (absolute, or its
// `..` climb above the directory it starts from, symbolic links not counted: those are judged where they are
// followed).
wasi::IoResult<void> check_path(std::string_view path);

// The same for what a symbolic link shall hold: climbing is judged when it is followed; an absolute one is
// refused (perm).
wasi::IoResult<void> check_symlink_contents(std::string_view contents);

}  // namespace twine::fs

// Where Twine keeps what it makes for a user (XDG Base Directory Specification).
//
//   configuration   $XDG_CONFIG_HOME/twine, else ~/.config/twine   keys, mode 0600
//   cache           $XDG_CACHE_HOME/twine, else ~/.cache/twine     compiled modules; may be deleted at any
//   time
//
// As the specification says, a variable that is empty or relative is ignored.
#pragma once

#include <filesystem>

#include "common/result.h"

namespace twine::host {

// The directories need not exist. Errors: not_found (the user has no home directory).
Result<std::filesystem::path> configuration_directory();
Result<std::filesystem::path> cache_directory();

}  // namespace twine::host

#include "host/files/user_directories.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace twine::host {
namespace {

Result<std::filesystem::path> directory(const char* variable, const char* below_home) {
  if (const char* value = std::getenv(variable); value != nullptr && value[0] == '/')
    return std::filesystem::path(value) / "twine";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / below_home / "twine";
  }
  if (const passwd* user = ::getpwuid(::getuid());
      user != nullptr && user->pw_dir != nullptr && user->pw_dir[0] == '/') {
    return std::filesystem::path(user->pw_dir) / below_home / "twine";
  }
  return fail(ErrorCode::not_found,
              std::string("no home directory is known for this user; set HOME or ") + variable);
}

}  // namespace

Result<std::filesystem::path> configuration_directory() {
  return directory("XDG_CONFIG_HOME", ".config");
}

Result<std::filesystem::path> cache_directory() {
  return directory("XDG_CACHE_HOME", ".cache");
}

}  // namespace twine::host

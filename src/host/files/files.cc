#include "host/files/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace twine::host {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

  // Some file systems report a full disk only here.
  [[nodiscard]] bool close() {
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0;
  }

 private:
  int number_;
};

// 0, or the error number.
int write_all(int descriptor, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return 0;
}

Error too_large(const std::filesystem::path& path, uint64_t limit) {
  return {ErrorCode::limit,
          fmt::format("{}: larger than {} MiB, the most that is accepted here", path.string(), limit >> 20)};
}

// A new file in `directory`: without a name where the file system can do that, so that not even a killed
// process leaves something behind; else under `name`, which is then filled in.
int open_new(const std::filesystem::path& directory, std::string& name) {
  const int unnamed = ::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (unnamed >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) {
    name.clear();
    return unnamed;
  }
  return ::mkostemp(name.data(), O_CLOEXEC);
}

// Gives an unnamed file a name that nobody has: `name` ends with XXXXXX.
int give_name(int descriptor, std::string& name) {
  const std::string self = fmt::format("/proc/self/fd/{}", descriptor);
  const std::string stem = name.substr(0, name.size() - 6);
  for (unsigned attempt = 0; attempt < 100; ++attempt) {
    name = fmt::format("{}{:x}-{}", stem, ::getpid(), attempt);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return 0;
    if (errno != EEXIST) return errno;
  }
  return EEXIST;
}

// Writes a new file beside `path` and returns its name. Nothing is left when that fails.
Result<std::string> write_aside(const std::filesystem::path& path, std::span<const uint8_t> bytes,
                                mode_t mode) {
  std::filesystem::path directory = path.parent_path();
  if (directory.empty()) directory = ".";
  const std::string pattern = (directory / fmt::format(".{}.XXXXXX", path.filename().string())).string();
  std::string name = pattern;
  Descriptor file(open_new(directory, name));
  if (file.get() < 0) return std::unexpected(system_error(path, errno));
  int error = write_all(file.get(), bytes);
  if (error == 0) {
    const mode_t mask = ::umask(0);  // there is no way to ask without setting
    ::umask(mask);
    if (::fchmod(file.get(), mode & ~mask) != 0) error = errno;
  }
  if (error == 0 && name.empty()) {
    name = pattern;
    error = give_name(file.get(), name);
    if (error != 0) name.clear();
  }
  if (!file.close() && error == 0) error = errno;
  if (error == 0) return name;
  if (!name.empty()) ::unlink(name.c_str());
  return std::unexpected(system_error(path, error));
}

}  // namespace

Error system_error(const std::filesystem::path& path, int error_number) {
  const std::string name = path.string();
  switch (error_number) {
    case ENOENT:
      return {ErrorCode::not_found, name + ": no such file or directory"};
    case ENOTDIR:
      return {ErrorCode::not_found, name + ": a part of the path is not a directory"};
    case EACCES:
    case EPERM:
      return {ErrorCode::permission, name + ": permission denied"};
    case EROFS:
      return {ErrorCode::permission, name + ": the file system is read-only"};
    case EISDIR:
      return {ErrorCode::invalid_argument, name + ": is a directory"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::io, name + ": no space left on the device; nothing was written"};
    default:
      return {ErrorCode::io, name + ": " + std::generic_category().message(error_number)};
  }
}

Result<std::vector<uint8_t>> read_file(const std::filesystem::path& path, uint64_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::unexpected(system_error(path, errno));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(system_error(path, errno));
  if (S_ISDIR(status.st_mode)) return std::unexpected(system_error(path, EISDIR));
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    return fail(ErrorCode::invalid_argument, path.string() + ": is neither a file nor a pipe");
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limit) return std::unexpected(too_large(path, limit));

  // One byte more than the size, so that the end is found by the same read; a file that grows meanwhile is
  // read on.
  std::vector<uint8_t> bytes(static_cast<size_t>(size) + 1);
  size_t have = 0;
  for (;;) {
    if (have == bytes.size()) bytes.resize(bytes.size() * 2 + 4096);
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error(path, errno));
    if (got == 0) break;
    have += static_cast<size_t>(got);
    if (have > limit) return std::unexpected(too_large(path, limit));
  }
  bytes.resize(have);
  return bytes;
}

Result<void> write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes, mode_t mode) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) return std::unexpected(system_error(path, EISDIR));
    Descriptor device(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (device.get() < 0) return std::unexpected(system_error(path, errno));
    if (const int error = write_all(device.get(), bytes)) return std::unexpected(system_error(path, error));
    if (!device.close()) return std::unexpected(system_error(path, errno));
    return {};
  }

  const std::string aside = TWINE_TRY(write_aside(path, bytes, mode));
  if (::rename(aside.c_str(), path.c_str()) == 0) return {};
  const int error = errno;
  ::unlink(aside.c_str());
  return std::unexpected(system_error(path, error));
}

Result<bool> create_file(const std::filesystem::path& path, std::span<const uint8_t> bytes, mode_t mode) {
  const std::string aside = TWINE_TRY(write_aside(path, bytes, mode));
  const int error = ::link(aside.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(aside.c_str());
  if (error != 0 && error != EEXIST) return std::unexpected(system_error(path, error));
  return error == 0;
}

Result<void> create_private_directory(const std::filesystem::path& path) {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : path) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) == 0) continue;
    const int error = errno;
    struct stat status{};
    if (::stat(so_far.c_str(), &status) != 0) return std::unexpected(system_error(so_far, error));
    if (!S_ISDIR(status.st_mode)) return std::unexpected(system_error(so_far, ENOTDIR));
  }
  return {};
}

}  // namespace twine::host

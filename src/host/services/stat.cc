#include "host/services/stat.h"

#include "host/services/system.h"

namespace twine::host {

namespace {

// WASI's timestamps are unsigned; what lies before 1970 becomes 0.
wasi::Timestamp nanoseconds(const timespec& time) {
  if (time.tv_sec < 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

wasi::Filetype to_wasi_filetype(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK:
      return wasi::Filetype::block_device;
    case S_IFCHR:
      return wasi::Filetype::character_device;
    case S_IFDIR:
      return wasi::Filetype::directory;
    case S_IFREG:
      return wasi::Filetype::regular_file;
    case S_IFLNK:
      return wasi::Filetype::symbolic_link;
    case S_IFSOCK:
      return wasi::Filetype::socket_stream;
    default:
      return wasi::Filetype::unknown;  // WASI has no pipes
  }
}

wasi::IoResult<wasi::Filestat> stat_fd(int fd) {
  struct stat status{};
  const auto done = retrying([&] { return ::fstat(fd, &status); });
  if (!done) return std::unexpected(done.error());
  return wasi::Filestat{
      .dev = status.st_dev,
      .ino = status.st_ino,
      .filetype = to_wasi_filetype(status.st_mode),
      .padding = {},
      .nlink = status.st_nlink,
      .size = static_cast<uint64_t>(status.st_size),
      .atim = nanoseconds(status.st_atim),
      .mtim = nanoseconds(status.st_mtim),
      .ctim = nanoseconds(status.st_ctim),
  };
}

}  // namespace twine::host

// Host calls that resolve a path.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "host/services/beneath.h"
#include "host/services/services_impl.h"
#include "host/services/stat.h"
#include "host/services/system.h"

namespace twine::host {

namespace {

int open_flags(uint32_t oflags, uint32_t fdflags, uint32_t access) {
  const bool reads = (access & hostcall::kOpenRead) != 0;
  const bool writes = (access & hostcall::kOpenWrite) != 0;
  int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  if ((access & hostcall::kOpenFollow) == 0) flags |= O_NOFOLLOW;
  if ((oflags & wasi::oflags::creat) != 0) flags |= O_CREAT;
  if ((oflags & wasi::oflags::directory) != 0) flags |= O_DIRECTORY;
  if ((oflags & wasi::oflags::excl) != 0) flags |= O_EXCL;
  if ((oflags & wasi::oflags::trunc) != 0) flags |= O_TRUNC;
  if ((fdflags & wasi::fdflags::append) != 0) flags |= O_APPEND;
  if ((fdflags & wasi::fdflags::dsync) != 0) flags |= O_DSYNC;
  if ((fdflags & wasi::fdflags::nonblock) != 0) flags |= O_NONBLOCK;
  if ((fdflags & wasi::fdflags::rsync) != 0) flags |= O_RSYNC;
  if ((fdflags & wasi::fdflags::sync) != 0) flags |= O_SYNC;
  return flags;
}

// What a path operation acts on: the handle's own file for an empty path, else what the path leads to, as
// O_PATH.
class Target {
 public:
  static IoResult<Target> resolve(const OpenFile& file, std::string_view path, bool follow) {
    Target target;
    target.borrowed_ = file.fd();
    if (path.empty()) return target;
    auto opened = open_beneath(file.fd(), path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (!opened) return std::unexpected(opened.error());
    target.opened_ = std::move(*opened);
    return target;
  }
  [[nodiscard]] int fd() const { return opened_.valid() ? opened_.get() : borrowed_; }

 private:
  int borrowed_ = -1;
  UniqueFd opened_;
};

timespec new_time(uint64_t nanoseconds, bool set, bool now) {
  if (now) return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  if (!set) return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  return {.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000),
          .tv_nsec = static_cast<int64_t>(nanoseconds % 1'000'000'000)};
}

// struct linux_dirent64, of which the C library's dirent is a copy with a fixed-size name.
struct KernelEntry {
  uint64_t inode;
  int64_t offset;  // where the next entry starts
  uint16_t record_length;
  uint8_t type;
  // char name[]
};
constexpr size_t kKernelNameOffset = 19;

wasi::Filetype entry_filetype(int listing, uint8_t type, const char* name) {
  if (type != DT_UNKNOWN) return to_wasi_filetype(static_cast<mode_t>(DTTOIF(type)));
  struct stat status{};
  if (fstatat(listing, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return wasi::Filetype::unknown;
  return to_wasi_filetype(status.st_mode);
}

// A name for the very file that was resolved: its path could lead elsewhere by now. Without CAP_DAC_READ_SEARCH
// linkat(2) takes no descriptor, and says so by ENOENT; /proc knows it by name.
IoResult<uint64_t> link_open_file(int file, const Parent& to) {
  const auto linked = retrying([&] { return ::linkat(file, "", to.fd(), to.name(), AT_EMPTY_PATH); });
  if (linked || linked.error() != wasi::Errno::noent) return linked;
  const std::string self = "/proc/self/fd/" + std::to_string(file);
  return retrying([&] { return ::linkat(AT_FDCWD, self.c_str(), to.fd(), to.name(), AT_SYMLINK_FOLLOW); });
}

}  // namespace

IoResult<uint64_t> Services::Impl::file_open(Handle directory, std::string_view path, uint32_t oflags,
                                             uint32_t fdflags, uint32_t access, wasi::Filestat& stat) {
  const auto parent = handles_.find(directory);
  if (!parent) return std::unexpected(parent.error());
  bool creation_refused = false;
  if ((*parent)->read_only) {
    if ((access & hostcall::kOpenWrite) != 0 || (oflags & wasi::oflags::trunc) != 0 ||
        ((oflags & wasi::oflags::creat) != 0 && (oflags & wasi::oflags::excl) != 0)) {
      return std::unexpected(wasi::Errno::rofs);
    }
    // O_CREAT of a file that exists only opens it.
    creation_refused = (oflags & wasi::oflags::creat) != 0;
    oflags &= ~uint32_t{wasi::oflags::creat};
  }
  auto fd = open_beneath((*parent)->fd(), path, open_flags(oflags, fdflags, access),
                         (oflags & wasi::oflags::creat) != 0 ? 0666 : 0);
  if (!fd && creation_refused && fd.error() == wasi::Errno::noent) return std::unexpected(wasi::Errno::rofs);
  if (!fd) return std::unexpected(fd.error());
  const auto status = stat_fd(fd->get());
  if (!status) return std::unexpected(status.error());
  stat = *status;
  auto file = std::make_shared<OpenFile>();
  file->owned = std::move(*fd);
  file->read_only = (*parent)->read_only;
  file->stream = stat.filetype != wasi::Filetype::regular_file && stat.filetype != wasi::Filetype::directory;
  return handles_.insert(std::move(file));
}

IoResult<uint64_t> Services::Impl::file_stat(Handle directory, std::string_view path, uint32_t follow,
                                             wasi::Filestat& stat) {
  const auto file = handles_.find(directory);
  if (!file) return std::unexpected(file.error());
  const auto target = Target::resolve(**file, path, follow != 0);
  if (!target) return std::unexpected(target.error());
  const auto status = stat_fd(target->fd());
  if (!status) return std::unexpected(status.error());
  stat = *status;
  // C libraries take a stream that is a character device for a terminal; /dev/null is none.
  if ((*file)->shared && stat.filetype == wasi::Filetype::character_device && isatty((*file)->fd()) == 0) {
    stat.filetype = wasi::Filetype::unknown;
  }
  return 0;
}

IoResult<uint64_t> Services::Impl::file_set_times(Handle directory, std::string_view path, uint32_t follow,
                                                  uint64_t atim, uint64_t mtim, uint32_t fstflags) {
  const auto file = find_writable(directory);
  if (!file) return std::unexpected(file.error());
  const auto target = Target::resolve(**file, path, follow != 0);
  if (!target) return std::unexpected(target.error());
  const timespec times[2] = {
      new_time(atim, (fstflags & wasi::fstflags::atim) != 0, (fstflags & wasi::fstflags::atim_now) != 0),
      new_time(mtim, (fstflags & wasi::fstflags::mtim) != 0, (fstflags & wasi::fstflags::mtim_now) != 0),
  };
  // On the descriptor itself: a name could be swapped for a link after it was resolved.
  return retrying([&] { return ::utimensat(target->fd(), "", times, AT_EMPTY_PATH); });
}

IoResult<uint64_t> Services::Impl::directory_read(Handle directory, uint64_t cookie,
                                                  std::span<std::byte> entries) {
  const auto file = handles_.find(directory);
  if (!file) return std::unexpected(file.error());
  OpenFile& open = **file;
  const std::lock_guard lock(open.listing_mutex);
  if (!open.listing.valid()) {
    auto listing = open_beneath(open.fd(), ".", O_RDONLY | O_DIRECTORY);
    if (!listing) return std::unexpected(listing.error());
    open.listing = std::move(*listing);
  }
  const int fd = open.listing.get();
  std::vector<off_t>& positions = open.listing_positions;
  if (cookie > positions.size()) return std::unexpected(wasi::Errno::inval);
  if (lseek(fd, cookie == 0 ? 0 : positions[cookie - 1], SEEK_SET) < 0) return system_error();

  alignas(KernelEntry) std::array<std::byte, 32768> kernel;
  size_t used = 0;
  for (;;) {
    const auto read = retrying([&] { return syscall(SYS_getdents64, fd, kernel.data(), kernel.size()); });
    if (!read) return std::unexpected(read.error());
    if (*read == 0) return used;
    for (size_t at = 0; at < static_cast<size_t>(*read);) {
      KernelEntry from;
      std::memcpy(&from, kernel.data() + at, kKernelNameOffset);
      const char* name = reinterpret_cast<const char*>(kernel.data() + at + kKernelNameOffset);
      at += from.record_length;
      const hostcall::DirectoryEntry entry{
          .next_cookie = cookie + 1,
          .inode = from.inode,
          .name_length = static_cast<uint32_t>(std::strlen(name)),
          .filetype = static_cast<uint32_t>(entry_filetype(fd, from.type, name)),
      };
      if (sizeof entry + entry.name_length > entries.size() - used) {
        if (used == 0) return std::unexpected(wasi::Errno::inval);
        return used;  // the enclave goes on at the last entry's cookie
      }
      std::memcpy(entries.data() + used, &entry, sizeof entry);
      std::memcpy(entries.data() + used + sizeof entry, name, entry.name_length);
      used += sizeof entry + entry.name_length;
      if (positions.size() == cookie) positions.emplace_back();
      positions[cookie++] = static_cast<off_t>(from.offset);
    }
  }
}

IoResult<uint64_t> Services::Impl::directory_create(Handle directory, std::string_view path) {
  const auto file = find_writable(directory);
  if (!file) return std::unexpected(file.error());
  const auto parent = Parent::resolve((*file)->fd(), path);
  if (!parent) return std::unexpected(parent.error());
  return retrying([&] { return ::mkdirat(parent->fd(), parent->name(), 0777); });
}

IoResult<uint64_t> Services::Impl::directory_remove(Handle directory, std::string_view path) {
  const auto file = find_writable(directory);
  if (!file) return std::unexpected(file.error());
  const auto parent = Parent::resolve((*file)->fd(), path);
  if (!parent) return std::unexpected(parent.error());
  return retrying([&] { return ::unlinkat(parent->fd(), parent->name(), AT_REMOVEDIR); });
}

IoResult<uint64_t> Services::Impl::file_unlink(Handle directory, std::string_view path) {
  const auto file = find_writable(directory);
  if (!file) return std::unexpected(file.error());
  const auto parent = Parent::resolve((*file)->fd(), path);
  if (!parent) return std::unexpected(parent.error());
  return retrying([&] { return ::unlinkat(parent->fd(), parent->name(), 0); });
}

IoResult<uint64_t> Services::Impl::file_rename(Handle old_directory, std::string_view old_path,
                                               Handle new_directory, std::string_view new_path) {
  const auto old_file = find_writable(old_directory);
  if (!old_file) return std::unexpected(old_file.error());
  const auto new_file = find_writable(new_directory);
  if (!new_file) return std::unexpected(new_file.error());
  const auto from = Parent::resolve((*old_file)->fd(), old_path);
  if (!from) return std::unexpected(from.error());
  const auto to = Parent::resolve((*new_file)->fd(), new_path);
  if (!to) return std::unexpected(to.error());
  return retrying([&] { return ::renameat(from->fd(), from->name(), to->fd(), to->name()); });
}

IoResult<uint64_t> Services::Impl::file_link(Handle old_directory, std::string_view old_path, uint32_t follow,
                                             Handle new_directory, std::string_view new_path) {
  // A link made from a read-only mount would be a way to write to its file.
  const auto old_file = find_writable(old_directory);
  if (!old_file) return std::unexpected(old_file.error());
  const auto new_file = find_writable(new_directory);
  if (!new_file) return std::unexpected(new_file.error());
  if (follow != 0) {
    const auto target = open_beneath((*old_file)->fd(), old_path, O_PATH);
    if (!target) return std::unexpected(target.error());
    const auto to = Parent::resolve((*new_file)->fd(), new_path);
    if (!to) return std::unexpected(to.error());
    return link_open_file(target->get(), *to);
  }
  const auto from = Parent::resolve((*old_file)->fd(), old_path);
  if (!from) return std::unexpected(from.error());
  if (from->has_trailing_slash()) {
    const auto target = open_beneath((*old_file)->fd(), old_path, O_PATH | O_DIRECTORY);
    return std::unexpected(target ? wasi::Errno::perm : target.error());  // a directory has one name
  }
  const auto to = Parent::resolve((*new_file)->fd(), new_path);
  if (!to) return std::unexpected(to.error());
  return retrying([&] { return ::linkat(from->fd(), from->name(), to->fd(), to->name(), 0); });
}

IoResult<uint64_t> Services::Impl::symlink_create(std::string_view contents, Handle directory,
                                                  std::string_view path) {
  const auto file = find_writable(directory);
  if (!file) return std::unexpected(file.error());
  // Whoever follows it on the host later must not be led to a place of the guest's choosing.
  if (contents.starts_with('/')) return std::unexpected(wasi::Errno::perm);
  const auto parent = Parent::resolve((*file)->fd(), path);
  if (!parent) return std::unexpected(parent.error());
  return retrying([&] { return ::symlinkat(std::string(contents).c_str(), parent->fd(), parent->name()); });
}

IoResult<uint64_t> Services::Impl::symlink_read(Handle directory, std::string_view path,
                                                std::span<std::byte> contents) {
  const auto file = handles_.find(directory);
  if (!file) return std::unexpected(file.error());
  if (path.empty()) return std::unexpected(wasi::Errno::noent);
  const auto target = Target::resolve(**file, path, /*follow=*/false);
  if (!target) return std::unexpected(target.error());
  const auto length = retrying([&] {
    return ::readlinkat(target->fd(), "", reinterpret_cast<char*>(contents.data()), contents.size());
  });
  // Of a descriptor that is no link's, readlinkat(2) says ENOENT; of a path that is no link's, EINVAL.
  if (!length && length.error() == wasi::Errno::noent) return std::unexpected(wasi::Errno::inval);
  return length;
}

}  // namespace twine::host

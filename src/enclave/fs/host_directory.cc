#include "enclave/fs/host_directory.h"

#include <array>
#include <vector>

#include "common/result.h"
#include "enclave/fs/host_file.h"
#include "enclave/fs/host_stream.h"
#include "enclave/hostcall/directory_entries.h"
#include "enclave/hostcall/hostcalls.h"

namespace twine::fs {

namespace {

constexpr char kFileSystem = 'h';  // its address tells host directories from others

// Holds at least one entry, and about as many as the buffers that C libraries list directories with.
constexpr size_t kListingBytes = 8192;
static_assert(kListingBytes >= sizeof(hostcall::DirectoryEntry) + hostcall::kMaxName);

}  // namespace

std::unique_ptr<HostDirectory> HostDirectory::mount(uint32_t index, bool read_only, SmallTransfers& small) {
  return std::unique_ptr<HostDirectory>(new HostDirectory(
      hostcall::OwnedHandle::at_launch(hostcall::kFirstMount + index), Fdflags{0}, read_only, small));
}

const void* HostDirectory::file_system() const {
  return &kFileSystem;
}

IoResult<HostDirectory*> HostDirectory::as_host_directory(Directory& directory) {
  if (directory.file_system() != &kFileSystem) return std::unexpected(Errno::xdev);
  return static_cast<HostDirectory*>(&directory);
}

IoResult<void> HostDirectory::require_writable() const {
  if (read_only_) return std::unexpected(Errno::rofs);
  return {};
}

IoResult<void> HostDirectory::sync(bool data_only) {
  return hostcall::file_sync(handle_.get(), data_only ? 1 : 0);
}

IoResult<void> HostDirectory::set_flags(Fdflags flags) {
  const auto done = hostcall::file_set_flags(handle_.get(), flags);
  if (done) remember_flags(flags);
  return done;
}

IoResult<std::unique_ptr<Descriptor>> HostDirectory::open(std::string_view path, const OpenOptions& options) {
  if (read_only_ && (options.write || (options.oflags & wasi::oflags::trunc) != 0)) {
    return std::unexpected(Errno::rofs);
  }
  const uint32_t access = (options.read ? hostcall::kOpenRead : 0U) |
                          (options.write ? hostcall::kOpenWrite : 0U) |
                          (options.follow ? hostcall::kOpenFollow : 0U);
  Filestat stat{};
  auto handle = TWINE_TRY(
      hostcall::OwnedHandle::open(handle_.get(), path, options.oflags, options.fdflags, access, stat));
  if ((options.oflags & wasi::oflags::directory) != 0 && stat.filetype != Filetype::directory) {
    hostcall::reply_attack(hostcall::Call::file_open, "what was to be a directory is none");
  }
  switch (stat.filetype) {
    case Filetype::directory:
      return std::unique_ptr<Descriptor>(
          new HostDirectory(std::move(handle), options.fdflags, read_only_, small_));
    case Filetype::regular_file:
      return std::make_unique<HostFile>(std::move(handle), FileId{stat.dev, stat.ino}, options.fdflags,
                                        read_only_, small_);
    default:
      return std::make_unique<HostStream>(std::move(handle), stat.filetype, options.fdflags);
  }
}

IoResult<Filestat> HostDirectory::stat_at(std::string_view path, bool follow) {
  Filestat stat{};
  const auto done = hostcall::file_stat(handle_.get(), path, follow ? 1 : 0, stat);
  if (!done) return std::unexpected(done.error());
  return stat;
}

IoResult<void> HostDirectory::set_times_at(std::string_view path, bool follow, const TimeUpdate& times) {
  TWINE_TRY(require_writable());
  return hostcall::file_set_times(handle_.get(), path, follow ? 1 : 0, times.atim, times.mtim,
                                  times.fstflags);
}

IoResult<void> HostDirectory::list(uint64_t cookie, EntrySink& sink) {
  std::vector<std::byte> buffer(kListingBytes);
  for (;;) {
    const uint64_t size = TWINE_TRY(hostcall::directory_read(handle_.get(), cookie, std::span(buffer)));
    if (size == 0) return {};
    for (auto entries = std::span<const std::byte>(buffer).first(size); !entries.empty();) {
      const auto [entry, name] = hostcall::take_directory_entry(entries);
      // Else a program that continues where it was could list the same entries for ever.
      if (entry.next_cookie <= cookie) {
        hostcall::reply_attack(hostcall::Call::directory_read, "the cookies do not ascend");
      }
      cookie = entry.next_cookie;
      if (!sink.accept({cookie, entry.inode, static_cast<Filetype>(entry.filetype), name})) return {};
    }
  }
}

IoResult<void> HostDirectory::create_directory(std::string_view path) {
  TWINE_TRY(require_writable());
  return hostcall::directory_create(handle_.get(), path);
}

IoResult<void> HostDirectory::remove_directory(std::string_view path) {
  TWINE_TRY(require_writable());
  return hostcall::directory_remove(handle_.get(), path);
}

IoResult<void> HostDirectory::unlink(std::string_view path) {
  TWINE_TRY(require_writable());
  return hostcall::file_unlink(handle_.get(), path);
}

IoResult<void> HostDirectory::rename(std::string_view old_path, Directory& new_directory,
                                     std::string_view new_path) {
  HostDirectory* to = TWINE_TRY(as_host_directory(new_directory));
  TWINE_TRY(require_writable());
  TWINE_TRY(to->require_writable());
  return hostcall::file_rename(handle_.get(), old_path, to->handle_.get(), new_path);
}

IoResult<void> HostDirectory::link(std::string_view old_path, bool follow, Directory& new_directory,
                                   std::string_view new_path) {
  HostDirectory* to = TWINE_TRY(as_host_directory(new_directory));
  TWINE_TRY(require_writable());
  TWINE_TRY(to->require_writable());
  return hostcall::file_link(handle_.get(), old_path, follow ? 1 : 0, to->handle_.get(), new_path);
}

IoResult<void> HostDirectory::create_symlink(std::string_view contents, std::string_view path) {
  TWINE_TRY(require_writable());
  return hostcall::symlink_create(contents, handle_.get(), path);
}

IoResult<std::string> HostDirectory::read_symlink(std::string_view path) {
  std::array<std::byte, hostcall::kMaxPath> contents;
  const uint64_t size =
      TWINE_TRY(hostcall::symlink_read(handle_.get(), path, std::span<std::byte>(contents)));
  std::string text(reinterpret_cast<const char*>(contents.data()), size);
  // A program that goes on in C would open another path than it has checked.
  if (text.find('\0') != text.npos) {
    hostcall::reply_attack(hostcall::Call::symlink_read, "the link holds a NUL");
  }
  // One that points out of every directory the guest has is the host's own affair.
  if (text.starts_with('/')) return std::unexpected(Errno::perm);
  return text;
}

}  // namespace twine::fs

// path_*: names beneath a directory descriptor.

#include <algorithm>

#include "common/hostcall.h"
#include "enclave/fs/path.h"
#include "enclave/wasi/functions.h"

namespace twine::wasi {

namespace {

struct DirectoryResource {
  Resource* resource;
  fs::Directory* directory;
};

Outcome<DirectoryResource> find_directory(const Call& call, uint32_t fd, Rights needed) {
  Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  fs::Directory* directory = resource->descriptor->as_directory();
  if (directory == nullptr) return std::unexpected(Errno::notdir);
  TWINE_TRY(call.context.resources.find(fd, needed));
  return DirectoryResource{resource, directory};
}

Outcome<std::string> load_path(const Call& call, uint32_t address, uint32_t length) {
  // Before it is copied: a guest may name 4 GiB as a path.
  if (length > hostcall::kMaxPath) {
    TWINE_TRY(call.memory.bytes(address, length));
    return std::unexpected(Errno::nametoolong);
  }
  std::string path = TWINE_TRY(call.string(address, length));
  TWINE_TRY(fs::check_path(path));
  return path;
}

Outcome<bool> follows(uint32_t flags) {
  if ((flags & ~lookupflags::all) != 0) return std::unexpected(Errno::inval);
  return (flags & lookupflags::symlink_follow) != 0;
}

Rights most_rights(const fs::Descriptor& descriptor) {
  if (descriptor.filetype() == Filetype::directory) return kDirectoryRights;
  return descriptor.seekable() ? kFileRights : kStreamRights;
}

}  // namespace

Outcome<void> path_create_directory(Call& call, uint32_t fd, uint32_t path, uint32_t path_len) {
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_create_directory));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  TWINE_TRY(at.directory->create_directory(name));
  return {};
}

Outcome<Filestat> filestat_of_path(const Call& call, uint32_t fd, uint32_t flags, uint32_t path,
                                   uint32_t path_len) {
  const bool follow = TWINE_TRY(follows(flags));
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_filestat_get));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  const Filestat stat = TWINE_TRY(at.directory->stat_at(name, follow));
  return stat;
}

Outcome<void> path_filestat_get(Call& call, uint32_t fd, uint32_t flags, uint32_t path, uint32_t path_len,
                                uint32_t buf) {
  const Filestat stat = TWINE_TRY(filestat_of_path(call, fd, flags, path, path_len));
  TWINE_TRY(call.memory.store(buf, stat));
  return {};
}

Outcome<void> path_filestat_set_times(Call& call, uint32_t fd, uint32_t flags, uint32_t path,
                                      uint32_t path_len, uint64_t atim, uint64_t mtim, uint32_t fstflags) {
  const bool follow = TWINE_TRY(follows(flags));
  const fs::TimeUpdate times = TWINE_TRY(time_update(atim, mtim, fstflags));
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_filestat_set_times));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  TWINE_TRY(at.directory->set_times_at(name, follow, times));
  return {};
}

Outcome<void> path_link(Call& call, uint32_t old_fd, uint32_t old_flags, uint32_t old_path,
                        uint32_t old_path_len, uint32_t new_fd, uint32_t new_path, uint32_t new_path_len) {
  const bool follow = TWINE_TRY(follows(old_flags));
  const auto from = TWINE_TRY(find_directory(call, old_fd, rights::path_link_source));
  const auto to = TWINE_TRY(find_directory(call, new_fd, rights::path_link_target));
  const std::string old_name = TWINE_TRY(load_path(call, old_path, old_path_len));
  const std::string new_name = TWINE_TRY(load_path(call, new_path, new_path_len));
  TWINE_TRY(from.directory->link(old_name, follow, *to.directory, new_name));
  return {};
}

Outcome<void> path_open(Call& call, uint32_t fd, uint32_t dirflags, uint32_t path, uint32_t path_len,
                        uint32_t oflags, uint64_t rights_base, uint64_t rights_inheriting, uint32_t fdflags,
                        uint32_t opened_fd) {
  const bool follow = TWINE_TRY(follows(dirflags));
  if ((oflags & ~uint32_t{oflags::all}) != 0 || (fdflags & ~uint32_t{fdflags::all}) != 0) {
    return std::unexpected(Errno::inval);
  }
  Rights needed = rights::path_open;
  if ((oflags & oflags::creat) != 0) needed |= rights::path_create_file;
  if ((oflags & oflags::trunc) != 0) needed |= rights::path_filestat_set_size;
  const auto at = TWINE_TRY(find_directory(call, fd, needed));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  // The place for the result is checked before there is a descriptor that nobody would know of.
  TWINE_TRY(call.memory.bytes(opened_fd, sizeof(uint32_t)));

  // Programs ask for whatever their library's mask holds; what the directory cannot pass on is left out, as
  // in every WASI host.
  const Rights granted = rights_base & at.resource->inheriting;
  fs::OpenOptions options{
      .oflags = static_cast<Oflags>(oflags),
      .fdflags = static_cast<Fdflags>(fdflags),
      // These two alone decide, as in wasmtime: libraries leave other rights of writing in their masks.
      .read = (granted & rights::fd_read) != 0,
      .write = (granted & rights::fd_write) != 0,
      .follow = follow,
  };
  auto descriptor = TWINE_TRY(at.directory->open(name, options));
  const Rights most = most_rights(*descriptor);
  const Rights inheriting =
      descriptor->as_directory() != nullptr ? rights_inheriting & at.resource->inheriting : 0;
  const uint32_t opened = TWINE_TRY(call.context.resources.insert({.descriptor = std::move(descriptor),
                                                                   .rights = granted & most,
                                                                   .inheriting = inheriting,
                                                                   .preopen = {}}));
  TWINE_TRY(call.memory.store(opened_fd, opened));
  return {};
}

Outcome<void> path_readlink(Call& call, uint32_t fd, uint32_t path, uint32_t path_len, uint32_t buf,
                            uint32_t buf_len, uint32_t bufused) {
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_readlink));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  const std::string contents = TWINE_TRY(at.directory->read_symlink(name));
  const auto to = TWINE_TRY(call.memory.bytes(buf, buf_len));
  const size_t size = std::min(contents.size(), to.size());  // cut off without a word, as readlink(2)
  std::ranges::copy(hostcall::as_bytes(contents).first(size), to.begin());
  TWINE_TRY(call.memory.store(bufused, static_cast<uint32_t>(size)));
  return {};
}

Outcome<void> path_remove_directory(Call& call, uint32_t fd, uint32_t path, uint32_t path_len) {
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_remove_directory));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  TWINE_TRY(at.directory->remove_directory(name));
  return {};
}

Outcome<void> path_rename(Call& call, uint32_t fd, uint32_t old_path, uint32_t old_path_len, uint32_t new_fd,
                          uint32_t new_path, uint32_t new_path_len) {
  const auto from = TWINE_TRY(find_directory(call, fd, rights::path_rename_source));
  const auto to = TWINE_TRY(find_directory(call, new_fd, rights::path_rename_target));
  const std::string old_name = TWINE_TRY(load_path(call, old_path, old_path_len));
  const std::string new_name = TWINE_TRY(load_path(call, new_path, new_path_len));
  TWINE_TRY(from.directory->rename(old_name, *to.directory, new_name));
  return {};
}

Outcome<void> path_symlink(Call& call, uint32_t old_path, uint32_t old_path_len, uint32_t fd,
                           uint32_t new_path, uint32_t new_path_len) {
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_symlink));
  if (old_path_len > hostcall::kMaxPath) return std::unexpected(Errno::nametoolong);
  const std::string contents = TWINE_TRY(call.string(old_path, old_path_len));
  TWINE_TRY(fs::check_symlink_contents(contents));
  const std::string name = TWINE_TRY(load_path(call, new_path, new_path_len));
  TWINE_TRY(at.directory->create_symlink(contents, name));
  return {};
}

Outcome<void> path_unlink_file(Call& call, uint32_t fd, uint32_t path, uint32_t path_len) {
  const auto at = TWINE_TRY(find_directory(call, fd, rights::path_unlink_file));
  const std::string name = TWINE_TRY(load_path(call, path, path_len));
  TWINE_TRY(at.directory->unlink(name));
  return {};
}

}  // namespace twine::wasi

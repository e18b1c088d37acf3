// fd_*: what concerns a descriptor as a whole. fd_io.cc moves bytes.

#include <algorithm>

#include "enclave/wasi/functions.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi {

Outcome<void> fd_advise(Call& call, uint32_t fd, uint64_t offset, uint64_t len, uint32_t advice) {
  if (advice >= kAdviceCount) return std::unexpected(Errno::inval);
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_advise));
  TWINE_TRY(resource->descriptor->advise(offset, len, static_cast<Advice>(advice)));
  return {};
}

Outcome<void> fd_allocate(Call& call, uint32_t fd, uint64_t offset, uint64_t len) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_allocate));
  TWINE_TRY(resource->descriptor->allocate(offset, len));
  return {};
}

Outcome<void> fd_close(Call& call, uint32_t fd) {
  const Resource resource = TWINE_TRY(call.context.resources.remove(fd));
  TWINE_TRY(resource.descriptor->close());
  return {};
}

Outcome<void> fd_datasync(Call& call, uint32_t fd) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_datasync));
  TWINE_TRY(resource->descriptor->sync(/*data_only=*/true));
  return {};
}

Outcome<void> fd_sync(Call& call, uint32_t fd) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_sync));
  TWINE_TRY(resource->descriptor->sync(/*data_only=*/false));
  return {};
}

Outcome<void> fd_fdstat_get(Call& call, uint32_t fd, uint32_t stat) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  TWINE_TRY(call.memory.store(stat, Fdstat{
                                        .fs_filetype = resource->descriptor->filetype(),
                                        .padding0 = 0,
                                        .fs_flags = resource->descriptor->flags(),
                                        .padding1 = 0,
                                        .fs_rights_base = resource->rights,
                                        .fs_rights_inheriting = resource->inheriting,
                                    }));
  return {};
}

Outcome<void> fd_fdstat_set_flags(Call& call, uint32_t fd, uint32_t flags) {
  if ((flags & ~uint32_t{fdflags::all}) != 0) return std::unexpected(Errno::inval);
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_fdstat_set_flags));
  // How writes reach the disk is settled when a file is opened, as in POSIX.
  const uint32_t changed = flags ^ resource->descriptor->flags();
  if ((changed & ~uint32_t{fdflags::append | fdflags::nonblock}) != 0) return std::unexpected(Errno::inval);
  if (changed == 0) return {};
  TWINE_TRY(resource->descriptor->set_flags(static_cast<Fdflags>(flags)));
  return {};
}

Outcome<void> fd_fdstat_set_rights(Call& call, uint32_t fd, uint64_t rights_base,
                                   uint64_t rights_inheriting) {
  Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  // Rights can only be given up.
  if ((rights_base & ~resource->rights) != 0 || (rights_inheriting & ~resource->inheriting) != 0) {
    return std::unexpected(Errno::notcapable);
  }
  resource->rights = rights_base;
  resource->inheriting = rights_inheriting;
  return {};
}

Outcome<Filestat> filestat_of(const Call& call, uint32_t fd) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_filestat_get));
  Filestat stat = TWINE_TRY(resource->descriptor->stat());
  // What was opened does not change its type, whatever the host says now.
  stat.filetype = resource->descriptor->filetype();
  return stat;
}

Outcome<void> fd_filestat_get(Call& call, uint32_t fd, uint32_t buf) {
  const Filestat stat = TWINE_TRY(filestat_of(call, fd));
  TWINE_TRY(call.memory.store(buf, stat));
  return {};
}

Outcome<void> fd_filestat_set_size(Call& call, uint32_t fd, uint64_t size) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  // ftruncate(2) of a file that is not open for writing: libraries leave both rights out then.
  constexpr Rights kWriting = rights::fd_write | rights::fd_filestat_set_size;
  if (resource->descriptor->seekable() && (resource->rights & kWriting) == 0)
    return std::unexpected(Errno::inval);
  TWINE_TRY(call.context.resources.find(fd, rights::fd_filestat_set_size));
  TWINE_TRY(resource->descriptor->set_size(size));
  return {};
}

Outcome<void> fd_filestat_set_times(Call& call, uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags) {
  const fs::TimeUpdate times = TWINE_TRY(time_update(atim, mtim, flags));
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_filestat_set_times));
  TWINE_TRY(resource->descriptor->set_times(times));
  return {};
}

Outcome<void> fd_prestat_get(Call& call, uint32_t fd, uint32_t prestat) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  if (!resource->preopen) return std::unexpected(Errno::badf);
  TWINE_TRY(call.memory.store(
      prestat,
      Prestat{.tag = 0, .padding = {}, .pr_name_len = static_cast<uint32_t>(resource->preopen->size())}));
  return {};
}

Outcome<void> fd_prestat_dir_name(Call& call, uint32_t fd, uint32_t path, uint32_t path_len) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  if (!resource->preopen) return std::unexpected(Errno::badf);
  const std::string& name = *resource->preopen;
  if (path_len < name.size()) return std::unexpected(Errno::nametoolong);
  const auto to = TWINE_TRY(call.memory.bytes(path, name.size()));
  std::ranges::copy(hostcall::as_bytes(name), to.begin());
  return {};
}

Outcome<void> fd_renumber(Call& call, uint32_t fd, uint32_t to) {
  const Resource replaced = TWINE_TRY(call.context.resources.renumber(fd, to));
  // The move has happened; that the old file would not close well is no reason to say that it has not.
  if (replaced.descriptor != nullptr) static_cast<void>(replaced.descriptor->close());
  return {};
}

Outcome<fs::TimeUpdate> time_update(uint64_t atim, uint64_t mtim, uint32_t flags) {
  constexpr uint32_t kBothAtim = fstflags::atim | fstflags::atim_now;
  constexpr uint32_t kBothMtim = fstflags::mtim | fstflags::mtim_now;
  if ((flags & ~uint32_t{fstflags::all}) != 0 || (flags & kBothAtim) == kBothAtim ||
      (flags & kBothMtim) == kBothMtim) {
    return std::unexpected(Errno::inval);
  }
  return fs::TimeUpdate{.atim = atim, .mtim = mtim, .fstflags = static_cast<Fstflags>(flags)};
}

}  // namespace twine::wasi

// A program's descriptors: number → open file and what may be done with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/wasi_types.h"
#include "enclave/fs/descriptor.h"

namespace twine::wasi {

// The most a descriptor of each kind can be allowed. A pipe, device or terminal cannot seek: C libraries
// recognise terminals by that.
inline constexpr Rights kFileRights =
    rights::fd_datasync | rights::fd_read | rights::fd_seek | rights::fd_fdstat_set_flags | rights::fd_sync |
    rights::fd_tell | rights::fd_write | rights::fd_advise | rights::fd_allocate | rights::fd_filestat_get |
    rights::fd_filestat_set_size | rights::fd_filestat_set_times | rights::poll_fd_readwrite;
inline constexpr Rights kStreamRights =
    kFileRights & ~(rights::fd_seek | rights::fd_tell | rights::fd_advise | rights::fd_allocate |
                    rights::fd_filestat_set_size);
inline constexpr Rights kDirectoryRights =
    rights::fd_fdstat_set_flags | rights::fd_sync | rights::fd_datasync | rights::path_create_directory |
    rights::path_create_file | rights::path_link_source | rights::path_link_target | rights::path_open |
    rights::fd_readdir | rights::path_readlink | rights::path_rename_source | rights::path_rename_target |
    rights::path_filestat_get | rights::path_filestat_set_size | rights::path_filestat_set_times |
    rights::fd_filestat_get | rights::fd_filestat_set_times | rights::path_symlink |
    rights::path_remove_directory | rights::path_unlink_file | rights::poll_fd_readwrite;

inline constexpr Rights kConnectionRights = rights::fd_read | rights::fd_write | rights::fd_fdstat_set_flags |
                                            rights::fd_filestat_get | rights::poll_fd_readwrite |
                                            rights::sock_shutdown;
inline constexpr Rights kListenerRights =
    rights::fd_fdstat_set_flags | rights::fd_filestat_get | rights::poll_fd_readwrite | rights::sock_accept;

struct Resource {
  std::unique_ptr<fs::Descriptor> descriptor;
  Rights rights = 0;                   // what may be done with it
  Rights inheriting = 0;               // what may be done with what is opened through it
  std::optional<std::string> preopen;  // the guest's name for it, if it stood open at the start
};

class ResourceTable {
 public:
  static constexpr uint32_t kMaxDescriptors = 16384;

  // The lowest free number; mfile when there is none.
  IoResult<uint32_t> insert(Resource resource);
  // badf if `fd` is not open.
  [[nodiscard]] IoResult<Resource*> find(uint32_t fd);
  // The same, and it must have all of `needed`. Without fd_read or fd_write it is badf, as POSIX has it for a
  // file that was not opened for reading or writing; without any other right notcapable.
  [[nodiscard]] IoResult<Resource*> find(uint32_t fd, Rights needed);
  // Takes it out of the table.
  IoResult<Resource> remove(uint32_t fd);
  // Moves `from` to `to`, which must be open and whose old resource is returned.
  IoResult<Resource> renumber(uint32_t from, uint32_t to);

 private:
  std::vector<Resource> resources_;  // by number; without a descriptor: free
};

}  // namespace twine::wasi

// The functions of preview1, a family a file. What each does is the specification's text; how it is done
// here, and what of the host's word is believed, stands in docs/wasi.md.
#pragma once

#include <span>
#include <vector>

#include "enclave/wasi/call.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi {

// arguments.cc
Outcome<void> args_get(Call& call, uint32_t argv, uint32_t argv_buf);
Outcome<void> args_sizes_get(Call& call, uint32_t argc, uint32_t argv_buf_size);
Outcome<void> environ_get(Call& call, uint32_t environ, uint32_t environ_buf);
Outcome<void> environ_sizes_get(Call& call, uint32_t environc, uint32_t environ_buf_size);

// clock.cc
Outcome<void> clock_res_get(Call& call, uint32_t id, uint32_t resolution);
Outcome<void> clock_time_get(Call& call, uint32_t id, uint64_t precision, uint32_t time);

// random.cc
Outcome<void> random_get(Call& call, uint32_t buf, uint32_t buf_len);

// proc.cc
HostOutcome proc_exit(HostCallFrame& frame);
HostOutcome proc_raise(HostCallFrame& frame);
Outcome<void> sched_yield(Call& call);

// poll.cc
Outcome<void> poll_oneoff(Call& call, uint32_t in, uint32_t out, uint32_t nsubscriptions, uint32_t nevents);

// sock.cc
Outcome<void> sock_accept(Call& call, uint32_t fd, uint32_t flags, uint32_t ro_fd);
Outcome<void> sock_recv(Call& call, uint32_t fd, uint32_t ri_data, uint32_t ri_data_len, uint32_t ri_flags,
                        uint32_t ro_datalen, uint32_t ro_flags);
Outcome<void> sock_send(Call& call, uint32_t fd, uint32_t si_data, uint32_t si_data_len, uint32_t si_flags,
                        uint32_t so_datalen);
Outcome<void> sock_shutdown(Call& call, uint32_t fd, uint32_t how);

// fd.cc
Outcome<void> fd_advise(Call& call, uint32_t fd, uint64_t offset, uint64_t len, uint32_t advice);
Outcome<void> fd_allocate(Call& call, uint32_t fd, uint64_t offset, uint64_t len);
Outcome<void> fd_close(Call& call, uint32_t fd);
Outcome<void> fd_datasync(Call& call, uint32_t fd);
Outcome<void> fd_fdstat_get(Call& call, uint32_t fd, uint32_t stat);
Outcome<void> fd_fdstat_set_flags(Call& call, uint32_t fd, uint32_t flags);
Outcome<void> fd_fdstat_set_rights(Call& call, uint32_t fd, uint64_t rights_base, uint64_t rights_inheriting);
Outcome<void> fd_filestat_get(Call& call, uint32_t fd, uint32_t buf);
Outcome<void> fd_filestat_set_size(Call& call, uint32_t fd, uint64_t size);
Outcome<void> fd_filestat_set_times(Call& call, uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t fstflags);
Outcome<void> fd_prestat_get(Call& call, uint32_t fd, uint32_t prestat);
Outcome<void> fd_prestat_dir_name(Call& call, uint32_t fd, uint32_t path, uint32_t path_len);
Outcome<void> fd_renumber(Call& call, uint32_t fd, uint32_t to);
Outcome<void> fd_sync(Call& call, uint32_t fd);

// Shared with unstable.cc: what the functions of their names tell.
Outcome<Filestat> filestat_of(const Call& call, uint32_t fd);
Outcome<Filestat> filestat_of_path(const Call& call, uint32_t fd, uint32_t flags, uint32_t path,
                                   uint32_t path_len);
Outcome<std::vector<Event>> poll(const Call& call, std::span<const Subscription> subscriptions);

// Shared with path.cc: inval if the flags are unknown or contradict one another.
Outcome<fs::TimeUpdate> time_update(uint64_t atim, uint64_t mtim, uint32_t flags);

// fd_io.cc: what moves bytes or the position
Outcome<void> fd_pread(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint64_t offset,
                       uint32_t nread);
Outcome<void> fd_pwrite(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint64_t offset,
                        uint32_t nwritten);
Outcome<void> fd_read(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint32_t nread);
Outcome<void> fd_readdir(Call& call, uint32_t fd, uint32_t buf, uint32_t buf_len, uint64_t cookie,
                         uint32_t bufused);
Outcome<void> fd_seek(Call& call, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t newoffset);
Outcome<void> fd_tell(Call& call, uint32_t fd, uint32_t offset);
Outcome<void> fd_write(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint32_t nwritten);

// path.cc
Outcome<void> path_create_directory(Call& call, uint32_t fd, uint32_t path, uint32_t path_len);
Outcome<void> path_filestat_get(Call& call, uint32_t fd, uint32_t flags, uint32_t path, uint32_t path_len,
                                uint32_t buf);
Outcome<void> path_filestat_set_times(Call& call, uint32_t fd, uint32_t flags, uint32_t path,
                                      uint32_t path_len, uint64_t atim, uint64_t mtim, uint32_t fstflags);
Outcome<void> path_link(Call& call, uint32_t old_fd, uint32_t old_flags, uint32_t old_path,
                        uint32_t old_path_len, uint32_t new_fd, uint32_t new_path, uint32_t new_path_len);
Outcome<void> path_open(Call& call, uint32_t fd, uint32_t dirflags, uint32_t path, uint32_t path_len,
                        uint32_t oflags, uint64_t rights_base, uint64_t rights_inheriting, uint32_t fdflags,
                        uint32_t opened_fd);
Outcome<void> path_readlink(Call& call, uint32_t fd, uint32_t path, uint32_t path_len, uint32_t buf,
                            uint32_t buf_len, uint32_t bufused);
Outcome<void> path_remove_directory(Call& call, uint32_t fd, uint32_t path, uint32_t path_len);
Outcome<void> path_rename(Call& call, uint32_t fd, uint32_t old_path, uint32_t old_path_len, uint32_t new_fd,
                          uint32_t new_path, uint32_t new_path_len);
Outcome<void> path_symlink(Call& call, uint32_t old_path, uint32_t old_path_len, uint32_t fd,
                           uint32_t new_path, uint32_t new_path_len);
Outcome<void> path_unlink_file(Call& call, uint32_t fd, uint32_t path, uint32_t path_len);

// unstable.cc: where snapshot 0, `wasi_unstable`, differs
namespace unstable {
Outcome<void> fd_filestat_get(Call& call, uint32_t fd, uint32_t buf);
Outcome<void> fd_seek(Call& call, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t newoffset);
Outcome<void> path_filestat_get(Call& call, uint32_t fd, uint32_t flags, uint32_t path, uint32_t path_len,
                                uint32_t buf);
Outcome<void> poll_oneoff(Call& call, uint32_t in, uint32_t out, uint32_t nsubscriptions, uint32_t nevents);
}  // namespace unstable

}  // namespace twine::wasi

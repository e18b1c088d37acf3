#include "enclave/fs/host_stream.h"

#include "enclave/hostcall/hostcalls.h"

namespace twine::fs {

std::unique_ptr<HostStream> HostStream::standard(hostcall::Handle handle) {
  Filestat stat{};
  // A stream the host cannot tell anything about is still a stream.
  const bool known = hostcall::file_stat(handle, "", /*follow=*/0, stat).has_value();
  return std::make_unique<HostStream>(hostcall::OwnedHandle::at_launch(handle),
                                      known ? stat.filetype : Filetype::unknown, Fdflags{0});
}

IoResult<uint64_t> HostStream::read(const Scatter& to) {
  return hostcall::file_read(handle_.get(), hostcall::kStreamPosition, to);
}

IoResult<uint64_t> HostStream::write(const Gather& from) {
  return hostcall::file_write(handle_.get(), hostcall::kStreamPosition, from);
}

IoResult<Filestat> HostStream::stat() {
  Filestat stat{};
  const auto done = hostcall::file_stat(handle_.get(), "", /*follow=*/0, stat);
  if (!done) return std::unexpected(done.error());
  return stat;
}

IoResult<void> HostStream::sync(bool data_only) {
  return hostcall::file_sync(handle_.get(), data_only ? 1 : 0);
}

IoResult<void> HostStream::set_times(const TimeUpdate& times) {
  return hostcall::file_set_times(handle_.get(), "", /*follow=*/0, times.atim, times.mtim, times.fstflags);
}

IoResult<void> HostStream::set_flags(Fdflags flags) {
  const auto done = hostcall::file_set_flags(handle_.get(), flags);
  if (done) remember_flags(flags);
  return done;
}

}  // namespace twine::fs

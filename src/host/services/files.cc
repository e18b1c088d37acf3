// Host calls on open files.

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <limits>

#include "host/services/services_impl.h"
#include "host/services/stat.h"
#include "host/services/system.h"

namespace twine::host {

namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<off_t>::max();

// write(2) to a pipe without a reader must not kill the process. SIGPIPE is blocked, and eaten if the write
// raised it; ignoring it for the whole process would change the behaviour of a program that embeds Twine.
ssize_t write_without_sigpipe(int fd, std::span<const std::byte> data) {
  sigset_t sigpipe;
  sigset_t old_mask;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &sigpipe, &old_mask);
  const ssize_t written = ::write(fd, data.data(), data.size());
  const int error = errno;
  // Where it was blocked before, one may have been pending too, and is the embedding program's to deal with.
  if (written < 0 && error == EPIPE && sigismember(&old_mask, SIGPIPE) == 0) {
    const timespec now{};
    while (sigtimedwait(&sigpipe, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &old_mask, nullptr);
  errno = error;
  return written;
}

}  // namespace

IoResult<uint64_t> Services::Impl::file_close(Handle handle) {
  const auto file = handles_.remove(handle);
  if (!file) return std::unexpected(file.error());
  window_.forget(**file);
  // The descriptor closes with its last user. What close(2) could report, sync reports before.
  return 0;
}

IoResult<uint64_t> Services::Impl::file_read(Handle handle, uint64_t position, std::span<std::byte> data) {
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  const int fd = (*file)->fd();
  if (position == hostcall::kStreamPosition) {
    return retrying([&] { return ::read(fd, data.data(), data.size()); });
  }
  if (position > kMaxOffset) return std::unexpected(wasi::Errno::inval);
  return retrying([&] { return ::pread(fd, data.data(), data.size(), static_cast<off_t>(position)); });
}

IoResult<uint64_t> Services::Impl::file_show(Handle handle, uint64_t position, uint64_t size) {
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  if (position > kMaxOffset || position % kArenaAlignment != 0 || size > kArenaWindowSize)
    return std::unexpected(wasi::Errno::inval);
  return window_.show(**file, position, size);
}

IoResult<uint64_t> Services::Impl::file_write(Handle handle, uint64_t position,
                                              std::span<const std::byte> data) {
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  const int fd = (*file)->fd();
  if (position == hostcall::kStreamPosition) {
    if ((*file)->stream) return retrying([&] { return write_without_sigpipe(fd, data); });
    return retrying([&] { return ::write(fd, data.data(), data.size()); });
  }
  if (position > kMaxOffset) return std::unexpected(wasi::Errno::inval);
  return retrying([&] { return ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(position)); });
}

IoResult<uint64_t> Services::Impl::file_set_size(Handle handle, uint64_t size) {
  const auto file = find_writable(handle);
  if (!file) return std::unexpected(file.error());
  if (size > kMaxOffset) return std::unexpected(wasi::Errno::inval);
  return retrying([&] { return ::ftruncate((*file)->fd(), static_cast<off_t>(size)); });
}

IoResult<uint64_t> Services::Impl::file_allocate(Handle handle, uint64_t position, uint64_t length) {
  const auto file = find_writable(handle);
  if (!file) return std::unexpected(file.error());
  if (position > kMaxOffset || length > kMaxOffset) return std::unexpected(wasi::Errno::inval);
  return retrying([&] {
    return ::fallocate((*file)->fd(), 0, static_cast<off_t>(position), static_cast<off_t>(length));
  });
}

IoResult<uint64_t> Services::Impl::file_advise(Handle handle, uint64_t position, uint64_t length,
                                               uint32_t advice) {
  static constexpr std::array<int, wasi::kAdviceCount> kAdvice = {
      POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
      POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE,
  };
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  if (position > kMaxOffset || length > kMaxOffset || advice >= kAdvice.size()) {
    return std::unexpected(wasi::Errno::inval);
  }
  const int error = ::posix_fadvise((*file)->fd(), static_cast<off_t>(position), static_cast<off_t>(length),
                                    kAdvice[advice]);
  if (error != 0) return std::unexpected(to_wasi(error));
  return 0;
}

IoResult<uint64_t> Services::Impl::file_sync(Handle handle, uint32_t data_only) {
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  return retrying([&] { return data_only != 0 ? ::fdatasync((*file)->fd()) : ::fsync((*file)->fd()); });
}

IoResult<uint64_t> Services::Impl::file_set_flags(Handle handle, uint32_t fdflags) {
  const auto file = handles_.find(handle);
  if (!file) return std::unexpected(file.error());
  // The flags of stdio live in a description that the user's shell shares.
  if ((*file)->shared) return std::unexpected(wasi::Errno::notsup);
  const auto old_flags = retrying([&] { return ::fcntl((*file)->fd(), F_GETFL); });
  if (!old_flags) return std::unexpected(old_flags.error());
  int flags = *old_flags & ~(O_APPEND | O_NONBLOCK);
  if ((fdflags & wasi::fdflags::append) != 0) flags |= O_APPEND;
  if ((fdflags & wasi::fdflags::nonblock) != 0) flags |= O_NONBLOCK;
  return retrying([&] { return ::fcntl((*file)->fd(), F_SETFL, flags); });
}

}  // namespace twine::host

#include "host/services/file_window.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/entry.h"

namespace twine::host {

namespace {

// Linux maps the pages around one that is touched, this many bytes of them where they are in its cache.
constexpr uint64_t kMappedAround = uint64_t{64} << 10;
constexpr uint64_t kMostTouched = kArenaWindowSize / kMappedAround;

// To read a hole of a file in memory costs nothing, to map it costs a page that stays.
bool is_sparse(const struct stat& status) {
  constexpr blkcnt_t kBlock = 512;
  return status.st_blocks < status.st_size / kBlock;
}

}  // namespace

FileWindow::FileWindow() {
  // A write above the limit of file sizes, in memory too, would end the process.
  rlimit largest{};
  if (::getrlimit(RLIMIT_FSIZE, &largest) == 0 && largest.rlim_cur >= kMostTouched)
    touched_ = UniqueFd(::memfd_create("twine-window", MFD_CLOEXEC));
}

wasi::IoResult<uint64_t> FileWindow::show(const OpenFile& file, uint64_t position, uint64_t size) {
  if (memory_.empty()) return std::unexpected(wasi::Errno::notsup);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0 || !S_ISREG(status.st_mode))
    return std::unexpected(wasi::Errno::notsup);
  const auto end = static_cast<uint64_t>(status.st_size);
  if (position >= end) return 0;
  if (is_sparse(status)) return std::unexpected(wasi::Errno::notsup);
  size = std::min({size, end - position, memory_.size()});

  if (shown_ != nullptr && shown_ != &file) clear();
  shown_ = &file;
  if (::mmap(memory_.data(), size, PROT_READ, MAP_SHARED | MAP_FIXED, file.fd(),
             static_cast<off_t>(position)) == MAP_FAILED) {
    const bool no_memory = errno == ENOMEM;
    clear();
    return std::unexpected(no_memory ? wasi::Errno::nomem : wasi::Errno::notsup);
  }
  if (!touch(size)) {
    clear();
    return std::unexpected(wasi::Errno::io);
  }
  return size;
}

// A fault of the enclave's would be an exit, and one of this thread's at a page that cannot be read would end the process. The kernel's own,
// when it copies a byte from each stretch of pages, is neither.
bool FileWindow::touch(uint64_t size) {
  if (!touched_.valid()) return true;
  std::array<iovec, kMostTouched> bytes;
  const uint64_t count = (size + kMappedAround - 1) / kMappedAround;
  for (uint64_t i = 0; i < count; ++i)
    bytes[i] = {.iov_base = memory_.data() + i * kMappedAround, .iov_len = 1};
  return ::pwritev(touched_.get(), bytes.data(), static_cast<int>(count), 0) == static_cast<ssize_t>(count);
}

void FileWindow::forget(const OpenFile& file) {
  if (shown_ == &file) clear();
}

void FileWindow::clear() {
  shown_ = nullptr;
  // Should this fail, what is shown stays until the next view.
  static_cast<void>(::mmap(memory_.data(), memory_.size(), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0));
}

}  // namespace twine::host

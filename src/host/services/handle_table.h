// The host's open files, by the numbers the enclave knows them by.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "common/hostcall.h"
#include "host/services/unique_fd.h"

namespace twine::host {

struct OpenFile {
  UniqueFd owned;
  int borrowed = -1;       // stdio: not ours to close
  bool read_only = false;  // on a read-only mount
  bool stream = false;     // pipe, socket or terminal: a write may raise SIGPIPE
  bool shared = false;     // stdio: its flags belong to whoever started us

  // For directory_read: mount directories are O_PATH, and the position of a listing is state.
  std::mutex listing_mutex;
  UniqueFd listing;
  // Cookie n stands for the kernel's position after the n-th entry listed, element n - 1. The kernel's own
  // positions have 63 bits, and telldir of a 32-bit guest keeps 32 of them.
  std::vector<off_t> listing_positions;

  [[nodiscard]] int fd() const { return owned.valid() ? owned.get() : borrowed; }
};

// Files are shared with the calls that are using them: closing a handle while another thread reads from it is
// harmless.
class HandleTable {
 public:
  // The lowest free number, or `nfile`.
  wasi::IoResult<uint64_t> insert(std::shared_ptr<OpenFile> file) {
    const std::lock_guard lock(mutex_);
    size_t handle = 0;
    while (handle < files_.size() && files_[handle] != nullptr) ++handle;
    if (handle == hostcall::kMaxHandles) return std::unexpected(wasi::Errno::nfile);
    if (handle == files_.size()) files_.emplace_back();
    files_[handle] = std::move(file);
    return handle;
  }

  [[nodiscard]] wasi::IoResult<std::shared_ptr<OpenFile>> find(hostcall::Handle handle) const {
    const std::lock_guard lock(mutex_);
    if (handle >= files_.size() || files_[handle] == nullptr) return std::unexpected(wasi::Errno::badf);
    return files_[handle];
  }

  // Takes the file out. Those of the launch (below `fixed`) stay.
  wasi::IoResult<std::shared_ptr<OpenFile>> remove(hostcall::Handle handle) {
    const std::lock_guard lock(mutex_);
    if (handle < fixed_ || handle >= files_.size() || files_[handle] == nullptr) {
      return std::unexpected(wasi::Errno::badf);
    }
    return std::move(files_[handle]);
  }

  // What is in the table now is never removed.
  void fix() { fixed_ = files_.size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<OpenFile>> files_;
  size_t fixed_ = 0;
};

}  // namespace twine::host

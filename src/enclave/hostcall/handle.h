// A handle of the host's table that is open, owned.
//
// The host chooses the numbers, so it could answer one twice; a ledger of the open ones inside makes that a
// host attack instead of two files that are closed by one close. (Whether a handle stands for the file that
// was asked for cannot be known.)
#pragma once

#include <string_view>
#include <utility>

#include "enclave/hostcall/hostcalls.h"

namespace twine::hostcall {

class OwnedHandle {
 public:
  // One of those that stand open at launch (stdio, mounts); they are never closed.
  static OwnedHandle at_launch(Handle handle) { return OwnedHandle(handle, /*closes=*/false); }
  // file_open, with the handle entered into the ledger. `stat` is of what was opened.
  static IoResult<OwnedHandle> open(Handle directory, std::string_view path, wasi::Oflags oflags,
                                    wasi::Fdflags fdflags, uint32_t access, wasi::Filestat& stat);

  OwnedHandle(OwnedHandle&& other) noexcept
      : handle_(other.handle_), closes_(std::exchange(other.closes_, false)) {}
  OwnedHandle& operator=(OwnedHandle&&) = delete;
  OwnedHandle(const OwnedHandle&) = delete;
  OwnedHandle& operator=(const OwnedHandle&) = delete;
  ~OwnedHandle() {
    // Whoever wants the errno calls close(); here nobody is left to tell.
    if (closes_) static_cast<void>(close());
  }

  [[nodiscard]] Handle get() const { return handle_; }

  // Closes; the handle is gone whatever the answer.
  IoResult<void> close();

 private:
  OwnedHandle(Handle handle, bool closes) : handle_(handle), closes_(closes) {}

  Handle handle_;
  bool closes_;
};

// Empties the ledger. For tests and fuzzers, in which one process outlives the end of many enclaves; nothing
// in the enclave calls it, and so the linker leaves it out of the image.
void forget_open_handles();

}  // namespace twine::hostcall

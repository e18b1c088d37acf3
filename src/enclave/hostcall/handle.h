// A handle of the host's table that is open, owned.
//
// The host chooses the numbers, so it could answer one twice; a ledger of the open ones inside makes that a
// host attack instead of two files that are closed by one close. (Whether a handle stands for the file that
// was asked for cannot be known.)
#pragma once

#include <string_view>
#include <utility>

#include <array>

#include "enclave/hostcall/hostcalls.h"

namespace twine::hostcall {

class OwnedHandle {
 public:
  // One of those that stand open at launch (stdio, mounts); they are never closed.
  static OwnedHandle at_launch(Handle handle) { return OwnedHandle(handle, /*closes=*/false); }
  // file_open, with the handle entered into the ledger. `stat` is of what was opened.
  static IoResult<OwnedHandle> open(Handle directory, std::string_view path, wasi::Oflags oflags,
                                    wasi::Fdflags fdflags, uint32_t access, wasi::Filestat& stat);

  // The handle that `call` has yielded, entered into the ledger.
  static OwnedHandle take(Call call, Handle handle);

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

// Which handles file_open, socket_open and socket_accept have yielded and nobody has closed: one ledger a launch, because the host numbers each launch's files by
// itself. While it lives, the calling thread's OwnedHandles are entered in it; one nests in another.
class HandleLedger {
 public:
  HandleLedger();
  ~HandleLedger();
  HandleLedger(const HandleLedger&) = delete;
  HandleLedger& operator=(const HandleLedger&) = delete;

  // False if it was open already.
  bool open(Handle handle);
  void close(Handle handle);

 private:
  std::array<uint64_t, kMaxHandles / 64> words_{};
  HandleLedger* outer_;
};

}  // namespace twine::hostcall

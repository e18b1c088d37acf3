#include "enclave/hostcall/handle.h"

#include <array>
#include <atomic>

namespace twine::hostcall {

namespace {

// A bit a handle that file_open yielded and that is open.
class Ledger {
 public:
  // False if it was open already.
  bool open(Handle handle) { return (word(handle).fetch_or(bit(handle)) & bit(handle)) == 0; }
  void close(Handle handle) { word(handle).fetch_and(~bit(handle)); }
  void clear() {
    for (auto& word : words_) word.store(0);
  }

 private:
  static constexpr uint64_t bit(Handle handle) { return uint64_t{1} << handle % 64; }
  std::atomic<uint64_t>& word(Handle handle) { return words_[handle / 64]; }

  std::array<std::atomic<uint64_t>, kMaxHandles / 64> words_{};
};

constinit Ledger ledger;

}  // namespace

IoResult<OwnedHandle> OwnedHandle::open(Handle directory, std::string_view path, wasi::Oflags oflags,
                                        wasi::Fdflags fdflags, uint32_t access, wasi::Filestat& stat) {
  const IoResult<Handle> handle = file_open(directory, path, oflags, fdflags, access, stat);
  if (!handle) return std::unexpected(handle.error());
  // Those of the launch are never closed, so file_open cannot yield stdio; mounts are not known here, but are
  // not closed either, and mistaking one for another file is within what the host can do anyway.
  if (*handle < kFirstMount || !ledger.open(*handle))
    reply_attack(Call::file_open, "the handle is open already");
  return OwnedHandle(*handle, /*closes=*/true);
}

void forget_open_handles() {
  ledger.clear();
}

IoResult<void> OwnedHandle::close() {
  if (!std::exchange(closes_, false)) return {};
  // Out of the ledger first: once the host has closed it, another thread's file_open may be given the number.
  ledger.close(handle_);
  return file_close(handle_);
}

}  // namespace twine::hostcall

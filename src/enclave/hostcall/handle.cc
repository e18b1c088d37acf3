#include "enclave/hostcall/handle.h"

#include "enclave/platform/platform.h"

namespace twine::hostcall {

namespace {

constinit thread_local HandleLedger* current = nullptr;

HandleLedger& ledger() {
  if (current == nullptr) enclave::panic("a file was opened outside a launch");
  return *current;
}

constexpr uint64_t bit(Handle handle) {
  return uint64_t{1} << handle % 64;
}

}  // namespace

HandleLedger::HandleLedger() : outer_(current) {
  current = this;
}

HandleLedger::~HandleLedger() {
  current = outer_;
}

bool HandleLedger::open(Handle handle) {
  uint64_t& word = words_[handle / 64];
  const bool was_open = (word & bit(handle)) != 0;
  word |= bit(handle);
  return !was_open;
}

void HandleLedger::close(Handle handle) {
  words_[handle / 64] &= ~bit(handle);
}

IoResult<OwnedHandle> OwnedHandle::open(Handle directory, std::string_view path, wasi::Oflags oflags,
                                        wasi::Fdflags fdflags, uint32_t access, wasi::Filestat& stat) {
  const IoResult<Handle> handle = file_open(directory, path, oflags, fdflags, access, stat);
  if (!handle) return std::unexpected(handle.error());
  return take(Call::file_open, *handle);
}

OwnedHandle OwnedHandle::take(Call call, Handle handle) {
  // Those of the launch are never closed, so no call can yield stdio; mounts are not known here, but are
  // not closed either, and mistaking one for another file is within what the host can do anyway.
  if (handle < kFirstMount || !ledger().open(handle)) reply_attack(call, "the handle is open already");
  return OwnedHandle(handle, /*closes=*/true);
}

IoResult<void> OwnedHandle::close() {
  if (!std::exchange(closes_, false)) return {};
  // Out of the ledger first: once the host has closed it, it may give the number again.
  ledger().close(handle_);
  return file_close(handle_);
}

}  // namespace twine::hostcall

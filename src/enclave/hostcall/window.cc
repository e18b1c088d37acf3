#include "enclave/hostcall/window.h"

#include <algorithm>
#include <cstring>

#include "common/entry.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/hostcall/untrusted.h"
#include "enclave/platform/platform.h"

namespace twine::hostcall::window {

namespace {

Untrusted<uint64_t> torn() {
  return Untrusted<uint64_t>(enclave::arena().address + offsetof(ArenaHeader, torn));
}

}  // namespace

wasi::IoResult<uint64_t> show(Handle file, uint64_t position, uint64_t size) {
  torn().store(0);
  return file_show(file, position, size);
}

bool copy_in(uint64_t offset, std::span<std::byte> to) {
  const UntrustedMemory window(enclave::arena().address + kArenaWindowOffset, kArenaWindowSize);
  // Only whole words are read, so the first one is cut here.
  if (const uint64_t skipped = offset % untrusted::kWord; skipped != 0) {
    const uint64_t word = window.at<uint64_t>(offset - skipped).load();
    const size_t count = std::min<size_t>(untrusted::kWord - skipped, to.size());
    std::memcpy(to.data(), reinterpret_cast<const std::byte*>(&word) + skipped, count);
    to = to.subspan(count);
    offset += count;
  }
  window.copy_in(offset, to);
  return torn().load() == 0;
}

}  // namespace twine::hostcall::window

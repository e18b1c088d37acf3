// The window of this thread's arena, where the host shows a file's own pages (file_show).
//
// What is shown is the host's word at the moment of the copy: each byte is copied once, and never looked at in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hostcall.h"
#include "common/result.h"

namespace twine::hostcall::window {

// Has the file shown from `position`, a multiple of kArenaAlignment, on; at most kArenaWindowSize bytes. How many of them the window shows,
// until the next call of this.
wasi::IoResult<uint64_t> show(Handle file, uint64_t position, uint64_t size);

// Copies what the window shows from `offset` on; the caller stays within what `show` has answered. False if the host has lost a page
// since then: what was copied may be no file's.
[[nodiscard]] bool copy_in(uint64_t offset, std::span<std::byte> to);

}  // namespace twine::hostcall::window

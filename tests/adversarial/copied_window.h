// file_show as a host answers it that cannot map: the file's bytes are read into the window. In a plain process nobody mends a mapping that
// has become shorter than the lies say it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "host/services/services.h"

namespace twine::test {

inline void serve_by_copying(host::Services& services, std::span<std::byte> arena) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  const ArenaHeader asked = header;
  if (asked.call != static_cast<uint64_t>(hostcall::Call::file_show)) return services.serve(arena);
  header.call = static_cast<uint64_t>(hostcall::Call::file_read);
  header.args[2] = kArenaDataOffset;
  header.args[3] = std::min(asked.args[2], kArenaDataSize);
  services.serve(arena);
  if (header.result > 0) {
    std::memcpy(arena.data() + kArenaWindowOffset, arena.data() + kArenaDataOffset,
                static_cast<size_t>(header.result));
  }
  header.call = asked.call;
  std::ranges::copy(asked.args, header.args);
}

}  // namespace twine::test

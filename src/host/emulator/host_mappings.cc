#include "host/emulator/host_mappings.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace twine::host::emulator {

// A line: "start-end perms offset dev inode   path", the numbers in hexadecimal but the inode.
std::vector<HostMapping> host_mappings(uint64_t start, uint64_t end) {
  std::vector<HostMapping> result;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uint64_t from = 0;
    uint64_t to = 0;
    const char* const limit = line.data() + line.size();
    const auto [dash, first] = std::from_chars(line.data(), limit, from, 16);
    if (first != std::errc{} || dash == limit) continue;
    const auto [space, second] = std::from_chars(dash + 1, limit, to, 16);
    if (second != std::errc{} || space == limit) continue;
    if (to <= start || from >= end) continue;
    const std::string_view rest(space, limit);
    result.push_back({.start = std::max(from, start),
                      .end = std::min(to, end),
                      .reservation = rest.starts_with(" ---p ") && rest.find('/') == rest.npos});
  }
  return result;
}

}  // namespace twine::host::emulator

// What is mapped into this process: /proc/self/maps.
#pragma once

#include <cstdint>
#include <vector>

namespace twine::host::emulator {

struct HostMapping {
  uint64_t start;
  uint64_t end;
  bool reservation;  // private, without access, of no file: it only keeps addresses
};

// The mappings that overlap [start, end), by address and cut to it. Empty also where /proc is not mounted.
[[nodiscard]] std::vector<HostMapping> host_mappings(uint64_t start, uint64_t end);

}  // namespace twine::host::emulator

// Requests of a subverted enclave: the host's dispatcher and services on an arena of the fuzzer's making. The guest's directory is a
// temporary one; a file beside it must keep its contents whatever is asked.
//
// An input is a list of requests:
//   byte      which call (or, 0xff, a number that is none)
//   8 bytes   arguments, each an index into the values below
//   32 bytes  the start of the arena's data, where the values below put paths

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "host/services/services.h"
#include "unit/temporary_directory.h"

namespace {

struct alignas(twine::kArenaAlignment) ArenaBytes {
  std::byte bytes[twine::kArenaSize];
};

struct World {
  World() {
    std::filesystem::create_directory(directory / "mount");
    directory.write("outside", "outside");
    directory.write("mount/a", "a");
    services = std::move(
        twine::host::Services::create({.manifest = {std::byte{1}},
                                       .mounts = {{.host_path = directory / "mount", .read_only = false},
                                                  {.host_path = directory / "mount", .read_only = true}},
                                       .standard_input = -1,
                                       .standard_output = -1,
                                       .standard_error = -1})
            .value());
  }
  twine::testing::TemporaryDirectory directory;
  std::unique_ptr<twine::host::Services> services;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using twine::kArenaDataEnd;
  using twine::kArenaDataOffset;
  using twine::kArenaSize;
  using twine::kArenaWindowOffset;
  using twine::hostcall::Call;
  // Handles, lengths, offsets and flags as they occur, and what is beyond them.
  static constexpr uint64_t kValues[] = {0,
                                         1,
                                         2,
                                         3,
                                         4,
                                         5,
                                         6,
                                         7,
                                         8,
                                         16,
                                         24,
                                         32,
                                         64,
                                         100,
                                         kArenaDataOffset,
                                         kArenaDataOffset + 8,
                                         kArenaDataOffset + 16,
                                         kArenaDataOffset + 4096,
                                         kArenaDataEnd - 8,
                                         kArenaDataEnd,
                                         kArenaDataEnd + 8,
                                         kArenaWindowOffset,
                                         kArenaSize,
                                         uint64_t{1} << 32,
                                         (uint64_t{1} << 32) + 3,
                                         uint64_t{1} << 63,
                                         ~uint64_t{0}};
  static constexpr size_t kTextSize = 32;
  static constexpr size_t kRequestSize = 1 + 8 + kTextSize;
  static World world;
  static ArenaBytes arena;
  auto& header = *reinterpret_cast<twine::ArenaHeader*>(arena.bytes);

  for (; size >= kRequestSize; data += kRequestSize, size -= kRequestSize) {
    const auto call = data[0] == 0xff
                          ? std::bit_cast<Call>(uint64_t{15})
                          : twine::hostcall::kCalls[data[0] % twine::hostcall::kCalls.size()].call;
    header = {};
    header.call = static_cast<uint64_t>(call);
    for (size_t i = 0; i < 8; ++i) header.args[i] = kValues[data[1 + i] % std::size(kValues)];
    std::memcpy(arena.bytes + kArenaDataOffset, data + 9, kTextSize);
    if (call == Call::poll) header.args[2] = 0;  // do not wait
    if (call == Call::output_write) continue;    // grows without end, and has its unit test
    // Nothing may be sent from here, or waited for; the calls themselves are sockets' and name servers'.
    if (call >= Call::socket_bind && call <= Call::socket_send) continue;
    if (call == Call::name_resolve) continue;
    // Sparse files are welcome, full disks are not.
    if (call == Call::file_allocate) header.args[2] = std::min<uint64_t>(header.args[2], 65536);
    world.services->serve(arena.bytes);
    if (header.result < -int64_t{twine::wasi::kErrnoCount}) std::abort();
  }
  if (world.directory.read("outside") != "outside") std::abort();
  return 0;
}

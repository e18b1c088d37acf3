// Replies of a hostile host, one call an input: every byte the enclave reads from the arena comes from the fuzzer. The call must return
// something its type allows, or end in host_attack; ASan and the canaries see to the rest.
//
//   byte 0     which call
//   byte 1-8   result word
//   rest       the arena, header arguments included

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "enclave/hostcall/any_call.h"
#include "enclave/hostcall/directory_entries.h"
#include "unit/hostcall_source.h"
#include "unit/in_process_platform.h"

using twine::hostcall::Call;
using twine::testing::ArgumentSource;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 9) return 0;
  const auto& row = twine::hostcall::kCalls[data[0] % twine::hostcall::kCalls.size()];
  int64_t result;
  std::memcpy(&result, data + 1, sizeof result);
  const std::span<const uint8_t> arena_bytes(data + 9, size - 9);

  ArgumentSource source;
  source.scatter();
  twine::testing::set_host([&] {
    const auto arena = twine::testing::test_arena();
    std::memcpy(arena.data() + sizeof(uint64_t), arena_bytes.data(),
                std::min(arena_bytes.size(), arena.size() - 8));
    twine::testing::test_arena_header().result = result;
  });
  twine::wasi::Errno error{};
  const auto attack = twine::testing::host_attack_in([&] { error = make_call(row.call, source); });
  if (!source.untouched_beyond(ArgumentSource::kBufferSize)) std::abort();
  if (attack) return 0;

  if (error != twine::wasi::Errno::success && !row.errnos.contains(static_cast<uint64_t>(error)))
    std::abort();
  if (error == twine::wasi::Errno::success && row.call == Call::directory_read) {
    static_cast<void>(twine::testing::host_attack_in([&] {
      auto entries = std::span<const std::byte>(source.buffer()).first(static_cast<size_t>(result));
      while (!entries.empty()) {
        const auto entry = twine::hostcall::take_directory_entry(entries);
        if (entry.name.empty() || entry.name.find('/') != entry.name.npos) std::abort();
      }
    }));
  }
  return 0;
}

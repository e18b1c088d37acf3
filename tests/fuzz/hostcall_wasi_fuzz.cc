// A program that calls preview1 at random while the host lies at random: whatever both do, a call returns, traps, exits, or ends in
// host_attack, and nothing outside the guest's memory is touched.
//
// An input is a list of records; a record is one preview1 call and the replies to the host calls it makes:
//
//   byte      which function
//   8 × 9     arguments; small numbers are common enough without help
//   per host call, as long as the input lasts: 8 bytes result, 1 byte n, n bytes for the arena's data

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "enclave/hostcall/handle.h"
#include "enclave/wasi/wasi.h"
#include "unit/in_process_platform.h"

namespace {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  [[nodiscard]] bool empty() const { return left_ == 0; }
  size_t take(void* to, size_t size) {
    const size_t taken = std::min(size, left_);
    if (taken != 0) std::memcpy(to, data_, taken);
    data_ += taken;
    left_ -= taken;
    return taken;
  }
  template <typename T>
  T take() {
    T value{};
    take(&value, sizeof value);
    return value;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

constexpr size_t kMemorySize = 65536;
constexpr size_t kMaxHostCalls = 64;  // an input that makes poll_oneoff wait for ever must end too

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using twine::hostcall::Call;
  Input input(data, size);
  size_t host_calls = 0;
  twine::testing::set_host([&] {
    twine::ArenaHeader& header = twine::testing::test_arena_header();
    if (input.empty() || ++host_calls > kMaxHostCalls) {
      // Out of lies: the truth that ends every loop. (`io` is in every call's set.)
      header.result = -static_cast<int64_t>(twine::wasi::Errno::io);
      return;
    }
    header.result = input.take<int64_t>();
    std::array<std::byte, 256> bytes{};
    const size_t count = input.take<uint8_t>();
    input.take(bytes.data(), count);
    std::memcpy(twine::testing::test_arena().data() + twine::kArenaDataOffset, bytes.data(), bytes.size());
  });

  std::unique_ptr<twine::wasi::WasiContext> context;
  auto made = twine::testing::host_attack_in([&] {
    context = std::make_unique<twine::wasi::WasiContext>(twine::wasi::WasiConfig{
        .arguments = {"fuzz"}, .environment = {"A=b"}, .mounts = {{.guest_path = ".", .read_only = false}}});
  });
  if (made) return 0;

  std::vector<uint8_t> memory(kMemorySize);
  twine::abi::MemoryDescriptor descriptor{memory.data(), memory.size(), memory.size(), 0, 0};
  const auto functions = twine::wasi::wasi_preview1_functions();
  const auto attack = twine::testing::host_attack_in([&] {
    for (int call = 0; call < 8 && !input.empty(); ++call) {
      const twine::HostFunction& function = functions[input.take<uint8_t>() % functions.size()];
      std::array<twine::abi::Value, 9> values{};
      for (auto& value : values) value.low = input.take<uint16_t>();
      twine::HostCallFrame frame{values, twine::GuestMemory(&descriptor), *context};
      if (function.call(frame).kind != twine::HostOutcome::Kind::returned) break;
    }
  });
  // After an attack the enclave runs nothing, destructors neither; here they may, as attacks are found
  // between changes of the context, never within one, and an input would leak all of it otherwise.
  static_cast<void>(attack);
  twine::testing::set_host([] { twine::testing::test_arena_header().result = 0; });
  context.reset();
  return 0;
}

// What an attack leaves on the stack is not freed, as in the enclave.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}

#include "unit/in_process_platform.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>
#include <utility>

#include "enclave/platform/platform.h"

#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

namespace twine::testing {

namespace internal {
std::jmp_buf* attack_exit = nullptr;
std::string attack_message;

#if __has_feature(address_sanitizer)
void begin_ignoring_leaks() {
  __lsan_disable();
}
void end_ignoring_leaks() {
  __lsan_enable();
}
#else
void begin_ignoring_leaks() {}
void end_ignoring_leaks() {}
#endif
}  // namespace internal

namespace {

struct alignas(kArenaAlignment) ArenaBytes {
  std::byte bytes[kArenaSize];
};
ArenaBytes arena_bytes;
std::function<void()> current_host;
uint64_t calls = 0;

}  // namespace

std::span<std::byte> test_arena() {
  return arena_bytes.bytes;
}
ArenaHeader& test_arena_header() {
  return *reinterpret_cast<ArenaHeader*>(arena_bytes.bytes);
}
void set_host(std::function<void()> host) {
  current_host = std::move(host);
}
uint64_t host_calls_made() {
  return calls;
}

}  // namespace twine::testing

namespace twine::enclave {

Arena arena() {
  return {std::bit_cast<uint64_t>(testing::test_arena().data()), kArenaSize};
}

void exit_host_call() {
  ++testing::calls;
  testing::current_host();
}

void panic(std::string_view reason) {
  std::fprintf(stderr, "panic: %.*s\n", static_cast<int>(reason.size()), reason.data());
  std::abort();
}

void host_attack(std::string_view what) {
  if (testing::internal::attack_exit == nullptr) panic(std::string("host attack: ").append(what));
  testing::internal::attack_message = what;
  std::longjmp(*testing::internal::attack_exit, 1);  // NOLINT(cert-err52-cpp)
}

const Identity& identity() {
  static const Identity own{.mrenclave = {1},
                            .mrsigner = {2},
                            .attribute_flags = 5,  // INIT, MODE64BIT
                            .xfrm = 3,
                            .misc_select = 1,
                            .isv_prod_id = 1,
                            .isv_svn = 2,
                            .cpu_svn = {3},
                            .is_debug = false};
  return own;
}

// Depends on all of the request, as EGETKEY does; it is no secret here (FNV-1a).
Result<SealKey> seal_key(const SealKeyRequest& request) {
  if (request.isv_svn > identity().isv_svn) return fail(ErrorCode::signature, "a higher ISVSVN");
  SealKey key{};
  for (size_t i = 0; i < key.size(); ++i) {
    uint64_t hash = 0xcbf29ce484222325 + i;
    const auto mix = [&hash](uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
    mix(static_cast<uint8_t>(request.policy));
    mix(static_cast<uint8_t>(request.isv_svn));
    mix(static_cast<uint8_t>(request.isv_svn >> 8));
    for (const uint8_t byte : request.cpu_svn) mix(byte);
    for (const uint8_t byte : request.key_id) mix(byte);
    key[i] = static_cast<uint8_t>(hash >> 24);
  }
  return key;
}

void random_bytes(std::span<uint8_t> out) {
  static std::random_device device;
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(device());
}

}  // namespace twine::enclave

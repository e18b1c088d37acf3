// The trusted machine of enclave/platform/platform.h, played in a plain process: the arena is ordinary
// memory, leaving the enclave calls a function, and a host attack is recorded. Enclave code links against it
// unchanged, so that it runs under sanitizers and fuzzers.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "common/entry.h"

namespace twine::testing {

// The arena. Its header is what the enclave wrote when `host` is called, and what the enclave reads
// afterwards.
std::span<std::byte> test_arena();
ArenaHeader& test_arena_header();

// What happens when the enclave makes a host call.
void set_host(std::function<void()> host);

// How many host calls were made since the start.
uint64_t host_calls_made();

// Runs `body`. If it ends by host_attack, returns what was said; the rest of `body` is not run. By longjmp,
// as the enclave ends too: without unwinding. What the frames that are left have allocated is not counted as
// leaked.
template <typename Body>
std::optional<std::string> host_attack_in(Body&& body);

namespace internal {
extern std::jmp_buf* attack_exit;
extern std::string attack_message;
// Allocations between the two are not reported by LeakSanitizer.
void begin_ignoring_leaks();
void end_ignoring_leaks();
}  // namespace internal

template <typename Body>
std::optional<std::string> host_attack_in(Body&& body) {
  std::jmp_buf exit;
  internal::attack_exit = &exit;
  internal::begin_ignoring_leaks();
  if (setjmp(exit) == 0) {  // NOLINT(cert-err52-cpp): enclave code is built without exceptions
    body();
    internal::end_ignoring_leaks();
    internal::attack_exit = nullptr;
    return std::nullopt;
  }
  internal::end_ignoring_leaks();
  internal::attack_exit = nullptr;
  return internal::attack_message;
}

}  // namespace twine::testing

// What the compiler and the headers of libstdc++ expect a C++ runtime to have, for code without exceptions:
// every place that would throw ends the enclave with a sentence instead.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "enclave/platform/platform.h"

using twine::enclave::panic;

namespace std {

// NOLINTBEGIN(bugprone-reserved-identifier): libstdc++ declares these (bits/functexcept.h, bits/c++config.h)
void __throw_logic_error(const char* what) {
  panic(what);
}
void __throw_length_error(const char* what) {
  panic(what);
}
void __throw_out_of_range(const char* what) {
  panic(what);
}
void __throw_out_of_range_fmt(const char* format, ...) {
  panic(format);
}  // NOLINT(cert-dcl50-cpp): libstdc++'s signature
void __throw_invalid_argument(const char* what) {
  panic(what);
}
void __throw_bad_alloc() {
  panic("the enclave's heap is exhausted");
}
void __throw_bad_array_new_length() {
  panic("an array of an impossible length");
}
void __throw_bad_function_call() {
  panic("an empty function was called");
}
void __glibcxx_assert_fail(const char* /*file*/, int /*line*/, const char* /*function*/,
                           const char* condition) noexcept {
  panic(condition == nullptr ? "an assertion of the standard library failed" : condition);
}
// NOLINTEND(bugprone-reserved-identifier)

}  // namespace std

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): names of the Itanium C++ ABI and of the psABI

void* __dso_handle = nullptr;

// Destructors of static objects never run: the enclave ends with its launch.
int __cxa_atexit(void (* /*destructor*/)(void*), void* /*object*/, void* /*dso*/) {
  return 0;
}

[[noreturn]] void __cxa_pure_virtual() {
  panic("a pure virtual function was called");
}

// Itanium C++ ABI, "One-time Construction API": byte 0 of the guard tells that the object is constructed,
// byte 1 that a thread is at it.
int __cxa_guard_acquire(uint64_t* guard) {
  auto* bytes = reinterpret_cast<std::atomic<uint8_t>*>(guard);
  if (bytes[0].load(std::memory_order_acquire) != 0) return 0;
  while (bytes[1].exchange(1, std::memory_order_acquire) != 0) {
    if (bytes[0].load(std::memory_order_acquire) != 0) return 0;
    __builtin_ia32_pause();
  }
  if (bytes[0].load(std::memory_order_acquire) == 0) return 1;
  bytes[1].store(0, std::memory_order_release);
  return 0;
}

void __cxa_guard_release(uint64_t* guard) {
  auto* bytes = reinterpret_cast<std::atomic<uint8_t>*>(guard);
  bytes[0].store(1, std::memory_order_release);
  bytes[1].store(0, std::memory_order_release);
}

[[noreturn]] void __stack_chk_fail() {
  panic("a stack buffer was overrun (stack protector)");
}

void abort() {
  panic("abort()");
}

[[noreturn]] void __assert_fail(const char* assertion, const char* /*file*/, unsigned /*line*/,
                                const char* /*function*/) {
  panic(assertion);
}

// NOLINTEND(bugprone-reserved-identifier)
}  // extern "C"

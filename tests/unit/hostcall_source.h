// Arguments for any host call (enclave/hostcall/any_call.h), with canaries around what replies are written
// to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "enclave/hostcall/any_call.h"

namespace twine::testing {

class ArgumentSource {
 public:
  static constexpr size_t kBufferSize = 100;  // not a multiple of 8: the last word is shared with nothing
  static constexpr std::byte kCanary{0x5a};

  template <typename T>
  T word() {
    return T{3};
  }
  std::string_view path() { return "a/b"; }
  hostcall::Gather gather() { return hostcall::Gather(std::span<const std::byte>(sent_)); }
  hostcall::Scatter scatter() {
    guarded_.fill(kCanary);
    return hostcall::Scatter(buffer());
  }
  template <typename T>
  std::span<T> array() {
    return std::get<std::array<T, 4>>(arrays_);
  }
  template <typename T>
  T& object() {
    return std::get<T>(objects_);
  }

  // What a reply's bytes arrive in.
  std::span<std::byte> buffer() { return std::span(guarded_).subspan(kGuard, kBufferSize); }
  // Whether nothing was written past `length` bytes of the buffer, or before it.
  [[nodiscard]] bool untouched_beyond(size_t length) const {
    for (size_t i = 0; i < guarded_.size(); ++i) {
      if ((i < kGuard || i >= kGuard + length) && guarded_[i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;

  std::array<std::byte, kBufferSize> sent_{};
  std::array<std::byte, kGuard + kBufferSize + kGuard> guarded_{};
  std::tuple<std::array<hostcall::PollInterest, 4>, std::array<hostcall::PollEvent, 4>,
             std::array<hostcall::SocketAddress, 4>>
      arrays_;
  std::tuple<wasi::Filestat, hostcall::CpuidRegisters, hostcall::SocketAddress, hostcall::SocketReceived>
      objects_;
};

}  // namespace twine::testing

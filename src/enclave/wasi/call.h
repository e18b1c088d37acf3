// How the functions of preview1 are written: as typed C++ functions
//
//   Outcome<void> fd_seek(Call& call, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t new_offset);
//
// whose Wasm type follows from their parameters (uint32_t is i32, uint64_t is i64) and whose result is the
// errno. bind<fd_seek>("fd_seek") makes the HostFunction. A failure is an errno for the guest or a trap (an
// address outside its memory).
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/abi.h"
#include "common/result.h"
#include "common/wasi_types.h"
#include "enclave/wasi/context.h"
#include "enclave/wasi/host_function.h"

namespace twine::wasi {

class Failure {
 public:
  Failure(Errno error) : error_(error) {}                     // NOLINT(google-explicit-constructor)
  Failure(abi::TrapKind trap) : traps_(true), trap_(trap) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool traps() const { return traps_; }
  [[nodiscard]] abi::TrapKind trap() const { return trap_; }
  [[nodiscard]] Errno error() const { return error_; }

 private:
  bool traps_ = false;
  abi::TrapKind trap_{};
  Errno error_ = Errno::success;
};

template <typename T>
using Outcome = std::expected<T, Failure>;

struct Call {
  WasiContext& context;
  GuestMemory memory;

  // A string of the guest, copied: other threads of it may write to it.
  Outcome<std::string> string(uint32_t address, uint32_t length) const {
    const auto bytes = TWINE_TRY(memory.bytes(address, length));
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
};

inline constexpr std::string_view kModuleName = "wasi_snapshot_preview1";

namespace internal {

template <typename T>
constexpr char type_letter() {
  static_assert(std::is_same_v<T, uint32_t> || std::is_same_v<T, uint64_t>);
  return std::is_same_v<T, uint32_t> ? 'i' : 'I';
}

template <typename... Parameters>
struct Signature {
  static constexpr std::array<char, sizeof...(Parameters) + 2> kErrnoResult = {type_letter<Parameters>()...,
                                                                               ':', 'i'};
};

template <auto Function, bool Settles>
struct Adapter;

template <typename... Parameters, Outcome<void> (*Function)(Call&, Parameters...), bool Settles>
struct Adapter<Function, Settles> {
  static constexpr const auto& kSignature = Signature<Parameters...>::kErrnoResult;

  static HostOutcome call(HostCallFrame& frame) {
    return call(frame, std::index_sequence_for<Parameters...>());
  }

 private:
  template <size_t... Index>
  static HostOutcome call(HostCallFrame& frame, std::index_sequence<Index...> /*parameters*/) {
    if constexpr (Settles) frame.wasi.small_transfers.settle();
    Call wasi_call{frame.wasi, frame.memory};
    const Outcome<void> outcome = Function(wasi_call, static_cast<Parameters>(frame.i64(Index))...);
    if (!outcome && outcome.error().traps()) return HostOutcome::trapped(outcome.error().trap());
    frame.return_i32(static_cast<uint32_t>(outcome ? Errno::success : outcome.error().error()));
    return HostOutcome::returned();
  }
};

}  // namespace internal

// `Settles`: what small_transfers.h holds back is written before. Only a function that shows nothing of files, or sees to it
// itself, can do without.
template <auto Function, bool Settles = true>
constexpr HostFunction bind(std::string_view name) {
  using Adapter = internal::Adapter<Function, Settles>;
  return {kModuleName, name, {Adapter::kSignature.data(), Adapter::kSignature.size()}, &Adapter::call};
}

}  // namespace twine::wasi

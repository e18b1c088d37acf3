// What the runtime knows of a function that the enclave itself provides to guests: its name, its type, and
// how to call it. WASI is one family of them; the runtime links imports against whatever tables it is given.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/abi.h"
#include "enclave/wasi/guest_memory.h"

namespace twine {

namespace wasi {
class WasiContext;
}

// Everything one call sees. `values` holds the parameters in order and receives the results in order: it is
// ThreadContext::values cut to max(parameters, results). Upper bytes of an i32 parameter's slot are
// unspecified.
struct HostCallFrame {
  std::span<abi::Value> values;
  GuestMemory memory;  // memory 0 of the calling instance
  wasi::WasiContext& wasi;

  [[nodiscard]] uint32_t i32(size_t index) const { return static_cast<uint32_t>(values[index].low); }
  [[nodiscard]] uint64_t i64(size_t index) const { return values[index].low; }
  void return_i32(uint32_t value) const { values[0].low = value; }
  void return_i64(uint64_t value) const { values[0].low = value; }
};

// How a call ended.
struct HostOutcome {
  enum class Kind : uint8_t {
    returned,  // results are in the frame
    trapped,   // `trap` says why
    exited,    // the program asked to end with `exit_code` (proc_exit)
  };
  Kind kind = Kind::returned;
  abi::TrapKind trap{};
  uint32_t exit_code = 0;

  static HostOutcome returned() { return {}; }
  static HostOutcome trapped(abi::TrapKind trap) { return {Kind::trapped, trap, 0}; }
  static HostOutcome exited(uint32_t code) { return {Kind::exited, abi::TrapKind::exit, code}; }
};

struct HostFunction {
  std::string_view module;
  std::string_view name;
  // Parameters, a colon, results: `i` i32, `I` i64, `f` f32, `F` f64, `V` v128, `r` funcref, `x` externref.
  // "iiIi:i".
  std::string_view signature;
  HostOutcome (*call)(HostCallFrame&);
};

}  // namespace twine

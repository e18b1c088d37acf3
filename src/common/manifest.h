// The launch manifest: the one input of a launch. Every flag of the CLI and every option of the C interface
// fills it; the enclave decodes it strictly, acts on nothing else, and its SHA-256 goes into the evidence.
//
// And the launch result, which the enclave hands back at the end.
//
// Both are deterministic CBOR records (cbor.h): maps with the number keys that `fields` lists. Whoever
// changes a field changes the version.
//
// What it does not hold: the bytes of the modules, which are read by host call and must hash to what stands
// here, and the host's own affairs (where a mount's directory lies, which backend runs the enclave).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/abi.h"
#include "common/cbor.h"
#include "common/network.h"
#include "common/result.h"

namespace twine {

using Sha256Digest = std::array<uint8_t, 32>;
using Ed25519PublicKey = std::array<uint8_t, 32>;

inline constexpr uint32_t kManifestVersion = 6;
inline constexpr uint32_t kLaunchResultVersion = 2;
inline constexpr uint64_t kMaxManifestSize = uint64_t{64}
                                             << 20;  // conformance scripts carry their steps in it

enum class ModuleKind : uint8_t {
  wasm = 0,  // a bare module: may be checked (StepKind::check), never run
  twm = 1,   // a compiled module (twm.h)
};
constexpr bool is_valid(ModuleKind kind) {
  return kind <= ModuleKind::twm;
}

struct ManifestModule {
  std::string name;  // in backtraces; what later modules import it by, except for the last
  ModuleKind kind = ModuleKind::twm;
  uint64_t size = 0;           // of the file, bytes
  Sha256Digest sha256{};       // of the file
  Sha256Digest wasm_sha256{};  // of the Wasm module in it; the same as sha256 for ModuleKind::wasm

  static void fields(auto& self, auto&& field) {
    field(1, "name", self.name);
    field(2, "kind", self.kind);
    field(3, "size", self.size);
    field(4, "sha256", self.sha256);
    field(5, "wasm_sha256", self.wasm_sha256);
  }
};

// What all mounts in enclave memory may hold together; the enclave's heap has little more.
inline constexpr uint64_t kMaxMemoryMounts = uint64_t{512} << 20;

// A directory that the guest finds open: one in enclave memory, empty at first, or one of the host. The host's are handles
// hostcall::kFirstMount, + 1, … in the order of the list; where they lie, only the host knows.
struct Mount {
  std::string guest_path;  // as the guest names it: "/data", "."
  bool read_only = false;
  uint64_t memory_bytes = 0;  // what it may hold in enclave memory; 0: a directory of the host

  [[nodiscard]] bool in_memory() const { return memory_bytes != 0; }

  static void fields(auto& self, auto&& field) {
    field(1, "guest_path", self.guest_path);
    field(2, "read_only", self.read_only);
    field(3, "memory_bytes", self.memory_bytes);
  }
};

// A socket that the host opened and the guest finds open, after the mounts.
enum class LaunchSocketKind : uint8_t { listener = 0, stream = 1, datagram = 2 };
constexpr bool is_valid(LaunchSocketKind kind) {
  return kind <= LaunchSocketKind::datagram;
}

struct LaunchSocket {
  LaunchSocketKind kind = LaunchSocketKind::listener;
  std::string address;  // where it listens as --listen had it, "127.0.0.1:8080"; empty: inherited

  static void fields(auto& self, auto&& field) {
    field(1, "kind", self.kind);
    field(2, "address", self.address);
  }
};

inline constexpr size_t kMaxLaunchSockets = 1024;
inline constexpr size_t kMaxNetworkRules = 4096;

// What the guest has of the network: nothing unless it stands here. Socket i is the host's handle kFirstMount + the number of the
// host's mounts + i.
struct Network {
  std::vector<LaunchSocket> sockets;
  std::vector<NetworkRule> rules;

  static void fields(auto& self, auto&& field) {
    field(1, "sockets", self.sockets);
    field(2, "rules", self.rules);
  }
};

struct Limits {
  uint64_t memory_bytes = uint64_t{4} << 30;  // each linear memory; memory.grow beyond it yields -1
  uint64_t table_elements = 10'000'000;       // each table; table.grow beyond it yields -1
  uint64_t instances = 10'000;                // of modules, in one launch
  // The guest is interrupted when it has run for so long; 0: never. The host's clock decides, so this protects the host, which
  // could end the enclave anyway; the enclave only needs to know that an interrupt is no attack.
  uint64_t timeout_ns = 0;
  // Units of fuel (docs/abi.md) that the launch may use, all modules together; absent: not limited. Every module must count them.
  std::optional<uint64_t> fuel;

  static void fields(auto& self, auto&& field) {
    field(1, "memory_bytes", self.memory_bytes);
    field(2, "table_elements", self.table_elements);
    field(3, "instances", self.instances);
    field(4, "timeout_ns", self.timeout_ns);
    field(5, "fuel", self.fuel);
  }
};

// Between what times the host's wall clock is believed: what it says beyond them ends the enclave. Nanoseconds since 1970, both included.
struct WallTimeRange {
  uint64_t not_before = 0;
  uint64_t not_after = 0;

  static void fields(auto& self, auto&& field) {
    field(1, "not_before", self.not_before);
    field(2, "not_after", self.not_after);
  }
};

// A value with its type. `type` is the binary code of a Wasm value type (wasm::ValueType). Numbers are raw
// bits, little end in `low`, unused bits zero; v128 uses both words. References outside an instance have no
// identity but this:
//   funcref    low = 0: null, 1: a function
//   externref  low = 0: null, n + 1: the host's reference number n
struct WireValue {
  uint8_t type = 0;
  uint64_t low = 0;
  uint64_t high = 0;

  static void fields(auto& self, auto&& field) {
    field(1, "type", self.type);
    field(2, "low", self.low);
    field(3, "high", self.high);
  }
  bool operator==(const WireValue&) const = default;
};

// Script mode, for conformance tests: a manifest with steps runs these instead of a program, one after the
// other, each with a result of its own. Instances are numbered by the `instantiate` steps, from 0, whether
// they succeeded or not. The specification's `spectest` module can be imported. Members that a kind does not
// use are zero or empty:
//
//   kind                module   instance   name        arguments
//   check               which                                        decode and validate; no instance
//   instantiate         which                                        the next instance
//   register_instance            which      import name              its exports can be imported from now on
//   invoke                       which      export      of the call
//   get                          which      export                   value of a global
//   release                      which                               no step uses it again: it may go, unless
//   registered
enum class StepKind : uint8_t {
  check = 0,
  instantiate = 1,
  register_instance = 2,
  invoke = 3,
  get = 4,
  release = 5
};
constexpr bool is_valid(StepKind kind) {
  return kind <= StepKind::release;
}

struct Step {
  StepKind kind = StepKind::check;
  uint32_t module = 0;
  uint32_t instance = 0;
  std::string name;
  std::vector<WireValue> arguments;

  static void fields(auto& self, auto&& field) {
    field(1, "kind", self.kind);
    field(2, "module", self.module);
    field(3, "instance", self.instance);
    field(4, "name", self.name);
    field(5, "arguments", self.arguments);
  }
};

// A launch runs the last module; the modules before it are instantiated first, in order, and can be imported
// by name. `_initialize` is called of each that exports it (a WASI reactor). Then the last module's `_start`
// is called, or the export that `invoke` names. The host, which has the module, turns a person's text into
// invoke_arguments and the result's values into text.
struct LaunchManifest {
  uint32_t version = kManifestVersion;
  std::vector<ManifestModule> modules;
  std::vector<Ed25519PublicKey> accepted_signers;  // a .twm signed by any other key is refused
  std::vector<std::string> arguments;              // the guest's argv, program name first
  std::vector<std::string> environment;            // each NAME=VALUE
  std::vector<Mount> mounts;
  Limits limits;
  std::optional<std::string> invoke;
  std::vector<WireValue> invoke_arguments;
  std::vector<Step> steps;
  Network network;
  std::optional<WallTimeRange> wall_time;  // absent: any time is believed

  static void fields(auto& self, auto&& field) {
    field(1, "version", self.version);
    field(2, "modules", self.modules);
    field(3, "accepted_signers", self.accepted_signers);
    field(4, "arguments", self.arguments);
    field(5, "environment", self.environment);
    field(6, "mounts", self.mounts);
    field(7, "limits", self.limits);
    field(8, "invoke", self.invoke);
    field(9, "invoke_arguments", self.invoke_arguments);
    field(10, "steps", self.steps);
    field(11, "network", self.network);
    field(12, "wall_time", self.wall_time);
  }
};

[[nodiscard]] std::vector<uint8_t> encode_manifest(const LaunchManifest& manifest);

// Decodes and checks that the parts agree (check_manifest). Errors: malformed, invalid_argument, unsupported
// (version).
[[nodiscard]] Result<LaunchManifest> decode_manifest(std::span<const uint8_t> bytes);

// What decoding cannot see: there is a module to run or there are steps, not both program and script; module
// numbers are known; no string for the guest has a NUL; environment entries have a `=`; mounts' guest paths
// are distinct, and those in memory hold no more than kMaxMemoryMounts together. The host calls it too, so that a person is told before an enclave is built.
[[nodiscard]] Result<void> check_manifest(const LaunchManifest& manifest);

// --- result
// ---------------------------------------------------------------------------------------------------------

// One line of a backtrace, innermost first.
struct BacktraceFrame {
  std::string module;         // ManifestModule::name
  uint32_t function = 0;      // index
  std::string function_name;  // name section, else export, else "func[N]"
  uint64_t wasm_offset = 0;   // byte offset of the operator in the module; 0: not known

  static void fields(auto& self, auto&& field) {
    field(1, "module", self.module);
    field(2, "function", self.function);
    field(3, "function_name", self.function_name);
    field(4, "wasm_offset", self.wasm_offset);
  }
};

// Of a deep stack the middle is left out: these many frames stand before the gap.
inline constexpr size_t kInnermostFrames = 32;

struct TrapReport {
  abi::TrapKind kind{};
  std::string message;  // the specification's words: "integer divide by zero"
  std::vector<BacktraceFrame> frames;
  uint32_t frames_omitted = 0;  // after the first kInnermostFrames

  static void fields(auto& self, auto&& field) {
    field(1, "kind", self.kind);
    field(2, "message", self.message);
    field(3, "frames", self.frames);
    field(4, "frames_omitted", self.frames_omitted);
  }
};

enum class StepOutcome : uint8_t {
  success = 0,  // values holds results
  trap = 1,     // trap holds which, call stack exhausted among them
  refused = 2,  // the module does not decode or validate, its signature is wrong, or a limit was met; message
                // says why
  unlinkable = 3,
  failed = 4,  // no such instance or export, or wrong arguments
};
constexpr bool is_valid(StepOutcome outcome) {
  return outcome <= StepOutcome::failed;
}

struct StepResult {
  StepOutcome outcome = StepOutcome::success;
  std::vector<WireValue> values;
  std::optional<TrapReport> trap;
  std::string message;

  static void fields(auto& self, auto&& field) {
    field(1, "outcome", self.outcome);
    field(2, "values", self.values);
    field(3, "trap", self.trap);
    field(4, "message", self.message);
  }
};

enum class LaunchStatus : uint8_t {
  exited = 0,   // the guest ended, with exit_code
  trapped = 1,  // trap
  refused = 2,  // nothing ran, or setting up failed: error
};
constexpr bool is_valid(LaunchStatus status) {
  return status <= LaunchStatus::refused;
}

// Time stamp counter at the ends of the phases inside; the host, which knows the counter's frequency, turns
// differences into time. Zero: not reached.
struct PhaseMarks {
  uint64_t entered = 0;
  uint64_t loaded = 0;  // all modules copied in, verified and mapped
  uint64_t instantiated = 0;
  uint64_t finished = 0;

  static void fields(auto& self, auto&& field) {
    field(1, "entered", self.entered);
    field(2, "loaded", self.loaded);
    field(3, "instantiated", self.instantiated);
    field(4, "finished", self.finished);
  }
};

struct LaunchStatistics {
  PhaseMarks marks;
  uint64_t committed_pages = 0;      // EAUGed and accepted, at the end
  uint64_t linear_memory_bytes = 0;  // sum of all memories' sizes, at the end
  uint64_t fuel_used = 0;            // by code that counts it

  static void fields(auto& self, auto&& field) {
    field(1, "marks", self.marks);
    field(2, "committed_pages", self.committed_pages);
    field(3, "linear_memory_bytes", self.linear_memory_bytes);
    field(4, "fuel_used", self.fuel_used);
  }
};

struct LaunchResult {
  uint32_t version = kLaunchResultVersion;
  LaunchStatus status = LaunchStatus::exited;
  uint32_t exit_code = 0;
  std::optional<TrapReport> trap;
  std::string error;
  std::vector<WireValue> values;  // of the invoked function
  std::vector<StepResult> steps;  // one a step, in script mode
  LaunchStatistics statistics;

  static void fields(auto& self, auto&& field) {
    field(1, "version", self.version);
    field(2, "status", self.status);
    field(3, "exit_code", self.exit_code);
    field(4, "trap", self.trap);
    field(5, "error", self.error);
    field(6, "values", self.values);
    field(7, "steps", self.steps);
    field(8, "statistics", self.statistics);
  }
};

[[nodiscard]] std::vector<uint8_t> encode_launch_result(const LaunchResult& result);
[[nodiscard]] Result<LaunchResult> decode_launch_result(std::span<const uint8_t> bytes);

// The specification's words for a trap, as its test suite and wasmtime print them.
[[nodiscard]] std::string_view trap_message(abi::TrapKind kind);

}  // namespace twine

namespace twine::abi {

// For decoding (cbor.h), found by argument-dependent lookup.
constexpr bool is_valid(TrapKind kind) {
  switch (kind) {
    case TrapKind::unreachable:
    case TrapKind::integer_divide_by_zero:
    case TrapKind::integer_overflow:
    case TrapKind::invalid_conversion_to_integer:
    case TrapKind::undefined_element:
    case TrapKind::uninitialized_element:
    case TrapKind::indirect_call_type_mismatch:
    case TrapKind::out_of_bounds_memory_access:
    case TrapKind::call_stack_exhausted:
    case TrapKind::out_of_bounds_table_access:
    case TrapKind::interrupted:
    case TrapKind::fuel_exhausted:
    case TrapKind::memory_limit:
    case TrapKind::exit:
      return true;
  }
  return false;
}

}  // namespace twine::abi

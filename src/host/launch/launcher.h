// One launch: from an enclave image, modules and a manifest to what the guest did.
//
//   load      read image and SIGSTRUCT; decide where SGX comes from
//   run       open the driver → build the enclave → enter → serve host calls until it is finished → decode
//   its result
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/llvm/source_lines.h"
#include "common/manifest.h"
#include "common/result.h"
#include "host/confine/confine.h"
#include "host/image/enclave.h"
#include "host/image/enclave_image.h"
#include "host/image/sigstruct.h"
#include "host/launch/pages.h"
#include "host/launch/thread_slots.h"
#include "host/services/exitless.h"
#include "host/services/services.h"
#include "host/sgx/driver.h"

namespace twine::host {

// Whether the enclave is one that the host's debuggers can look into (ATTRIBUTES.DEBUG).
enum class Debugging : bool { no, yes };

enum class SgxChoice : uint8_t { automatic, hardware, emulated };

// File descriptors for the guest, borrowed; -1: empty.
struct StandardFiles {
  int input = 0;
  int output = 1;
  int error = 2;
};

// How far the host process gives up its own rights before it enters the enclave; they never come back.
enum class ConfinementChoice : uint8_t { off, automatic, required };

struct LaunchRequest {
  LaunchManifest manifest;
  std::vector<std::span<const uint8_t>> modules;  // the files that manifest.modules describes, in its order
  std::vector<HostMount> mounts;                  // where the host's of manifest.mounts lie, in its order
  std::vector<int> sockets;                       // manifest.network.sockets, in its order; borrowed
  StandardFiles files;
  ConfinementChoice confinement = ConfinementChoice::off;
  ExitlessChoice exitless = ExitlessChoice::automatic;
  bool perf_map = false;  // leave perf's map of the code inside; for debug enclaves only
};

// Where the time went, nanoseconds; see twine_statistics in include/twine/twine.h.
struct LaunchTimes {
  uint64_t create = 0;
  uint64_t enter = 0;
  uint64_t load = 0;
  uint64_t instantiate = 0;
  uint64_t guest = 0;
  uint64_t finish = 0;
};

struct LaunchOutcome {
  LaunchResult result;
  LaunchTimes times;
  sgx::DriverStatistics driver;
  uint64_t host_calls = 0;
  uint64_t exitless_calls = 0;  // those of them that were served while the enclave waited inside
  Confinement confinement;
};

class EnclaveProgram {
 public:
  // `path` and `path`.sig, or for debugging `path`.debug.sig; nothing: twine-enclave beside the running program.
  // Errors: those of EnclaveImage::load and verify_sigstruct; unsupported (no such SGX here); signature (debugging is not
  // what the signature allows).
  static Result<EnclaveProgram> load(const std::optional<std::filesystem::path>& path, SgxChoice choice,
                                     Debugging debugging = Debugging::no);

  // Runs on the calling thread. A guest that traps or exits is an outcome; so is a refusal by the enclave
  // (LaunchStatus::refused). Code in a debug enclave is announced to gdb (looking_inside.h). Errors: those of Services::create, Enclave::build and EnclaveThread::run;
  // invalid_argument (the manifest contradicts itself).
  [[nodiscard]] Result<LaunchOutcome> run(const LaunchRequest& request) const;

  // An enclave of this image, initialised. Errors: those of Enclave::build; those of the driver.
  [[nodiscard]] Result<image::Enclave> build() const;

  // In process, or by a device that only seems to be one (libtwine-sgx.so).
  [[nodiscard]] bool emulated() const { return emulated_ || device_emulated_; }
  [[nodiscard]] bool debug() const { return debugging_ == Debugging::yes; }
  [[nodiscard]] const twine::sgx::Sigstruct& sigstruct() const { return sigstruct_; }
  [[nodiscard]] uint64_t load_ns() const { return load_ns_; }

 private:
  EnclaveProgram(image::EnclaveImage image, const twine::sgx::Sigstruct& sigstruct, bool emulated,
                 Debugging debugging)
      : image_(std::move(image)), sigstruct_(sigstruct), emulated_(emulated), debugging_(debugging) {}

  image::EnclaveImage image_;
  twine::sgx::Sigstruct sigstruct_;
  std::vector<uint8_t> elf_;  // the image's file, for its symbols; empty unless debugging
  bool emulated_;             // in process
  bool device_emulated_ = false;
  Debugging debugging_;
  uint64_t load_ns_ = 0;
};

// An enclave that launches share, one after the other and at once, each on a thread of its own. Every launch has its own manifest, memory
// and files; they share compiled code's address space, the heap's limit, and their fate: if one ends the enclave, all are over.
class SharedEnclave {
 public:
  explicit SharedEnclave(image::Enclave enclave);

  // Runs on the calling thread, with those of other host threads; waits while the enclave has no idle thread. Confinement and
  // perf_map of the request are not for shared enclaves (invalid_argument). Errors: as EnclaveProgram::run.
  [[nodiscard]] Result<LaunchOutcome> run(const LaunchRequest& request);

 private:
  image::Enclave enclave_;
  ThreadSlots slots_;
  EnclavePages pages_;
};

// "trap: NAME", then a line a frame:
//
//   trap: integer divide by zero
//     0: divide     app.wasm+0x1a3
//     1: _start     app.wasm+0x2b
//
// Control characters in names are shown as `?`: names are the guest's own.
std::string describe_trap(const TrapReport& trap);

// The same with lines of the source where the modules have debug information (codegen/llvm/source_lines.h), and a last line for each
// module of the backtrace that has none, or a damaged one:
//
//   trap: integer divide by zero
//     0: divide     app.wasm+0x1a3  at divide.c:7:12
//     1: _start     app.wasm+0x2b   at util.h:3:10 in half, inlined at main.c:20:3
//   lib.wasm: it has no debug information; compile it with -g, and do not strip it
//
// The lines are those of the module of that name.
struct ModuleLines {
  std::string name;
  std::unique_ptr<codegen::SourceLines> lines;
};
std::string describe_trap(const TrapReport& trap, std::span<const ModuleLines> modules);

}  // namespace twine::host

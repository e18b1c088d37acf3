// enclave_main: a launch between the host calls that bring its inputs and take its result.
#include <algorithm>
#include <utility>

#include "common/decimal.h"
#include "common/hostcall.h"
#include "common/manifest.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/platform/platform.h"
#include "enclave/runtime/launch.h"
#include "enclave/start/layout.h"
#include "enclave/start/start.h"

namespace twine {
namespace {

using hostcall::LaunchInput;

// Reads an input into the enclave, once.
Result<std::vector<uint8_t>> read_input(uint32_t input, uint64_t size, std::string_view what) {
  std::vector<uint8_t> bytes(size);
  uint64_t position = 0;
  while (position < size) {
    const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(position);
    const auto read = hostcall::input_read(input, position, rest);
    if (!read) return fail(ErrorCode::io, std::string(what) + ": the host could not read it");
    if (*read == 0) {
      return fail(ErrorCode::io, std::string(what) + ": it ends after " + decimal(position) + " of " +
                                     decimal(size) + " bytes; it was changed after the launch began");
    }
    position += *read;
  }
  return bytes;
}

class HostModules final : public enclave::ModuleSource {
 public:
  explicit HostModules(const LaunchManifest& manifest) : manifest_(manifest) {}

  Result<std::vector<uint8_t>> read(uint32_t module, uint64_t size) override {
    const std::string& name = manifest_.modules[module].name;
    if (size > kTwmMaxSize) return fail(ErrorCode::limit, name + ": larger than 1 GiB");
    return read_input(std::to_underlying(LaunchInput::module) + module, size, name);
  }

 private:
  const LaunchManifest& manifest_;
};

Result<LaunchManifest> read_manifest() {
  constexpr auto input = std::to_underlying(LaunchInput::manifest);
  const auto size = hostcall::input_size(input);
  if (!size) return fail(ErrorCode::io, "launch manifest: the host could not read it");
  if (*size > kMaxManifestSize) return fail(ErrorCode::limit, "launch manifest: larger than 64 MiB");
  return decode_manifest(TWINE_TRY(read_input(input, *size, "launch manifest")));
}

LaunchResult run() {
  const uint64_t entered = enclave::time_stamp();
  LaunchResult result;
  if (const Result<LaunchManifest> manifest = read_manifest()) {
    HostModules modules(*manifest);
    result = enclave::launch(*manifest,
                             {.accepted_signers = manifest->accepted_signers,
                              .mrenclave = enclave::identity().mrenclave,
                              .cpu_features = enclave::cpu_features(),
                              .guest_stack_guard = enclave::kImage.guard_size,
                              .wasm_features = wasm::all_features,
                              .fuel_is_limited = manifest->limits.fuel.has_value()},
                             modules);
  } else {
    result.status = LaunchStatus::refused;
    result.error = manifest.error().message;
  }
  result.statistics.marks.entered = entered;
  result.statistics.marks.finished = enclave::time_stamp();
  return result;
}

}  // namespace

int64_t enclave_main() {
  const std::vector<uint8_t> result = encode_launch_result(run());
  std::span<const std::byte> rest = std::as_bytes(std::span(result));
  while (!rest.empty()) {
    const auto written = hostcall::output_write(rest);
    if (!written || *written == 0) enclave::panic("the host did not take the launch's result");
    rest = rest.subspan(*written);
  }
  return 0;
}

}  // namespace twine

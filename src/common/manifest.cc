// Encoding, decoding and cross-checks of the launch manifest and result.
#include "common/manifest.h"

#include <algorithm>

#include "common/decimal.h"

namespace twine {
namespace {

std::unexpected<Error> disagreement(std::string message) {
  return fail(ErrorCode::invalid_argument, "launch manifest: " + std::move(message));
}

Result<void> check_strings(const std::vector<std::string>& strings, std::string_view what) {
  for (size_t i = 0; i < strings.size(); ++i) {
    if (strings[i].contains('\0')) {
      return disagreement(std::string(what) + " " + decimal(i) +
                          " has a NUL byte, which no guest can receive");
    }
  }
  return {};
}

// Members that the step's kind does not use must be as a fresh Step has them.
Result<void> check_step(const Step& step, size_t number, size_t module_count, size_t instance_count) {
  const bool uses_module = step.kind == StepKind::check || step.kind == StepKind::instantiate;
  const bool uses_name = !uses_module && step.kind != StepKind::release;
  const bool uses_arguments = step.kind == StepKind::invoke;
  const auto wrong = [&](std::string_view reason) {
    return disagreement("step " + decimal(number) + " " + std::string(reason));
  };
  if (uses_module && step.module >= module_count) return wrong("names a module that is not listed");
  if (!uses_module && step.instance >= instance_count)
    return wrong("names an instance that no step before it makes");
  if ((!uses_module && step.module != 0) || (uses_module && step.instance != 0) ||
      (!uses_name && !step.name.empty()) || (!uses_arguments && !step.arguments.empty())) {
    return wrong("fills a field that its kind does not use");
  }
  return {};
}

Result<void> check_program(const LaunchManifest& manifest) {
  if (manifest.modules.empty()) return disagreement("there is no module to run");
  for (const ManifestModule& module : manifest.modules) {
    if (module.kind != ModuleKind::twm) {
      return disagreement("module `" + module.name + "` is not compiled; compile it with `twine compile`");
    }
  }
  if (!manifest.invoke && !manifest.invoke_arguments.empty()) {
    return disagreement("there are arguments for a function, but none to invoke; add --invoke");
  }
  return {};
}

Result<void> check_script(const LaunchManifest& manifest) {
  if (manifest.invoke || !manifest.invoke_arguments.empty()) {
    return disagreement("a script and a function to invoke exclude each other");
  }
  size_t instances = 0;
  for (size_t i = 0; i < manifest.steps.size(); ++i) {
    TWINE_TRY(check_step(manifest.steps[i], i, manifest.modules.size(), instances));
    if (manifest.steps[i].kind == StepKind::instantiate) ++instances;
  }
  return {};
}

Result<void> check_mounts(const std::vector<Mount>& mounts) {
  uint64_t in_memory = 0;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const std::string& path = mounts[i].guest_path;
    if (path.empty() || path.contains('\0'))
      return disagreement("mount " + decimal(i) + " has no usable guest path");
    const auto same = [&](const Mount& other) { return other.guest_path == path; };
    if (std::count_if(mounts.begin(), mounts.end(), same) != 1) {
      return disagreement("`" + path +
                          "` is mounted more than once; give each --dir and --tmp a guest path of its own");
    }
    if (mounts[i].in_memory() && mounts[i].read_only)
      return disagreement("`" + path + "` is in memory and read-only: it would stay empty");
    if (mounts[i].memory_bytes > kMaxMemoryMounts - in_memory)
      return disagreement("directories in memory (--tmp) may hold 512 MiB together");
    in_memory += mounts[i].memory_bytes;
  }
  return {};
}

Result<void> check_network(const Network& network) {
  if (network.sockets.size() > kMaxLaunchSockets || network.rules.size() > kMaxNetworkRules)
    return disagreement("more than 1024 sockets (--listen, --inherit-fd) or 4096 rules (--allow-net)");
  for (const LaunchSocket& socket : network.sockets) {
    if (!socket.address.empty()) TWINE_TRY(parse_endpoint(socket.address));
  }
  for (const NetworkRule& rule : network.rules) TWINE_TRY(check_network_rule(rule));
  return {};
}

}  // namespace

std::vector<uint8_t> encode_manifest(const LaunchManifest& manifest) {
  return cbor::encode(manifest);
}

Result<LaunchManifest> decode_manifest(std::span<const uint8_t> bytes) {
  if (bytes.size() > kMaxManifestSize) return fail(ErrorCode::limit, "launch manifest: larger than 64 MiB");
  Result<LaunchManifest> manifest = cbor::decode<LaunchManifest>(bytes);
  if (!manifest) return within("launch manifest", std::move(manifest).error());
  TWINE_TRY(check_manifest(*manifest));
  return manifest;
}

Result<void> check_manifest(const LaunchManifest& manifest) {
  if (manifest.version != kManifestVersion) {
    return fail(ErrorCode::unsupported, "launch manifest: version " + decimal(manifest.version) +
                                            ", this enclave knows " + decimal(kManifestVersion) +
                                            "; use the twine that belongs to it");
  }
  TWINE_TRY(check_strings(manifest.arguments, "argument"));
  TWINE_TRY(check_strings(manifest.environment, "environment entry"));
  for (const std::string& entry : manifest.environment) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      return disagreement("environment entry `" + entry + "` is not NAME=VALUE");
    }
  }
  TWINE_TRY(check_mounts(manifest.mounts));
  TWINE_TRY(check_network(manifest.network));
  if (manifest.wall_time && manifest.wall_time->not_before > manifest.wall_time->not_after) {
    return disagreement("the range of wall times ends before it begins");
  }
  return manifest.steps.empty() ? check_program(manifest) : check_script(manifest);
}

std::vector<uint8_t> encode_launch_result(const LaunchResult& result) {
  return cbor::encode(result);
}

Result<LaunchResult> decode_launch_result(std::span<const uint8_t> bytes) {
  Result<LaunchResult> result = cbor::decode<LaunchResult>(bytes);
  if (!result) return within("launch result", std::move(result).error());
  if (result->version != kLaunchResultVersion) {
    return fail(ErrorCode::unsupported, "launch result: version " + decimal(result->version) +
                                            ", this twine knows " + decimal(kLaunchResultVersion) +
                                            "; use the twine that belongs to the enclave");
  }
  return result;
}

std::string_view trap_message(abi::TrapKind kind) {
  switch (kind) {
    case abi::TrapKind::unreachable:
      return "unreachable";
    case abi::TrapKind::integer_divide_by_zero:
      return "integer divide by zero";
    case abi::TrapKind::integer_overflow:
      return "integer overflow";
    case abi::TrapKind::invalid_conversion_to_integer:
      return "invalid conversion to integer";
    case abi::TrapKind::undefined_element:
      return "undefined element";
    case abi::TrapKind::uninitialized_element:
      return "uninitialized element";
    case abi::TrapKind::indirect_call_type_mismatch:
      return "indirect call type mismatch";
    case abi::TrapKind::out_of_bounds_memory_access:
      return "out of bounds memory access";
    case abi::TrapKind::call_stack_exhausted:
      return "call stack exhausted";
    case abi::TrapKind::out_of_bounds_table_access:
      return "out of bounds table access";
    case abi::TrapKind::interrupted:
      return "interrupted";
    case abi::TrapKind::fuel_exhausted:
      return "all fuel consumed";
    case abi::TrapKind::memory_limit:
      return "memory limit exceeded";
    case abi::TrapKind::exit:
      return "exit";
  }
  return "unknown trap";
}

}  // namespace twine

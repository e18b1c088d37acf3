// A launch of a program: load, instantiate, run.
#include "enclave/runtime/launch.h"

#include <utility>

#include "enclave/memory/pages.h"
#include "enclave/runtime/instantiate.h"
#include "enclave/runtime/invoke.h"
#include "enclave/runtime/spectest.h"

namespace twine::enclave {
namespace {

constexpr uint32_t kTrapExitCode = 134;  // what a shell sees of a program that aborted
constexpr std::string_view kStart = "_start";
constexpr std::string_view kInitialize = "_initialize";

void refuse(LaunchResult& result, const Error& error) {
  result.status = LaunchStatus::refused;
  result.error = error.message;
}

void trapped(LaunchResult& result, TrapReport trap) {
  result.status = LaunchStatus::trapped;
  result.exit_code = kTrapExitCode;
  result.trap = std::move(trap);
}

void exited(LaunchResult& result, uint32_t code) {
  result.status = LaunchStatus::exited;
  result.exit_code = code;
}

// Calls an export. Whether the launch goes on: false after a trap, an exit or an error, which is then in the
// result.
bool run(Instance& instance, std::string_view function, std::span<const WireValue> arguments,
         LaunchResult& result) {
  Result<Invoked> invoked = invoke(instance, function, arguments);
  if (!invoked) {
    refuse(result, invoked.error());
    return false;
  }
  switch (invoked->end) {
    case CallEnd::returned:
      result.values = std::move(invoked->results);
      return true;
    case CallEnd::trapped:
      trapped(result, std::move(invoked->trap));
      return false;
    case CallEnd::exited:
      exited(result, invoked->exit_code);
      return false;
  }
  std::unreachable();
}

Result<std::vector<CompiledModule*>> load_modules(const LaunchManifest& manifest, const ModulePolicy& policy,
                                                  ModuleSource& source, Store& store) {
  std::vector<CompiledModule*> modules;
  for (uint32_t i = 0; i < manifest.modules.size(); ++i) {
    const ManifestModule& expected = manifest.modules[i];
    std::vector<uint8_t> bytes = TWINE_TRY(source.read(i, expected.size));
    std::unique_ptr<CompiledModule> module = TWINE_TRY(accept_module(std::move(bytes), expected, policy));
    modules.push_back(TWINE_TRY(store.add(std::move(module))));
  }
  return modules;
}

// Instantiates the modules, and initialises those that are WASI reactors; null when that ended the launch,
// and the result says how.
Instance* instantiate_all(const std::vector<CompiledModule*>& modules, Store& store, Linker& linker,
                          LaunchResult& result) {
  Instance* last = nullptr;
  for (CompiledModule* module : modules) {
    Result<Instantiated> made = instantiate(store, linker, *module);
    if (!made) {
      refuse(result, made.error());
      return nullptr;
    }
    auto& [instance, trap, exit_code] = *made;
    if (trap) {
      trapped(result, std::move(*trap));
      return nullptr;
    }
    if (exit_code) {
      exited(result, *exit_code);
      return nullptr;
    }
    last = instance;
    const bool is_reactor = module->wasm.find_export(kInitialize) != nullptr;
    if (is_reactor && !run(*last, kInitialize, {}, result)) return nullptr;
    linker.add(module->name, *last);
  }
  return last;
}

void run_program(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source,
                 Store& store, Linker& linker, LaunchResult& result) {
  const Result<std::vector<CompiledModule*>> modules = load_modules(manifest, policy, source, store);
  if (!modules) return refuse(result, modules.error());
  result.statistics.marks.loaded = time_stamp();

  Instance* program = instantiate_all(*modules, store, linker, result);
  result.statistics.marks.instantiated = time_stamp();
  if (program == nullptr) return;

  if (manifest.invoke) {
    run(*program, *manifest.invoke, manifest.invoke_arguments, result);
  } else {
    run(*program, kStart, {}, result);
  }
}

}  // namespace

uint64_t time_stamp() {
  return __builtin_ia32_rdtsc();
}

LaunchResult launch(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source) {
  LaunchResult result;
  wasi::WasiConfig config{.arguments = manifest.arguments,
                          .environment = manifest.environment,
                          .mounts = manifest.mounts,
                          .network = manifest.network};
  if (manifest.wall_time) config.wall_time = *manifest.wall_time;
  wasi::WasiContext wasi(std::move(config));
  Spectest spectest;
  Store store(manifest.limits, wasi);
  Linker linker;
  linker.add(wasi::wasi_preview1_functions());
  linker.add(wasi::wasi_socket_functions());
  linker.add(wasi::wasi_socket_option_functions());
  linker.add(wasi::wasi_unstable_functions());
  if (manifest.steps.empty()) {
    run_program(manifest, policy, source, store, linker, result);
  } else if (const Result<void> defined = spectest.define(store, linker); !defined) {
    refuse(result, defined.error());
  } else {
    run_script(manifest, policy, source, store, linker, result);
  }
  if (const Result<void> stored = wasi.finish(); !stored && result.status == LaunchStatus::exited) {
    refuse(result, stored.error());
  }
  result.statistics.committed_pages = page_statistics().accepted;
  result.statistics.linear_memory_bytes = store.linear_memory_bytes();
  result.statistics.fuel_used = store.fuel_used();
  return result;
}

}  // namespace twine::enclave

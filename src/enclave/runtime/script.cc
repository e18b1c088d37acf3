// Script mode: the steps of a manifest, for conformance tests (StepKind in common/manifest.h).
//
// A file of the test suite instantiates a hundred modules in one launch, each with a memory that owns 8 GiB
// of address space. So an instance goes as soon as the script can no longer reach it: a `release` step says
// so, and the store says whether it is safe.
#include <utility>

#include "common/decimal.h"
#include "enclave/crypto/crypto.h"
#include "enclave/runtime/instantiate.h"
#include "enclave/runtime/invoke.h"
#include "enclave/runtime/launch.h"

namespace twine::enclave {
namespace {

StepResult refused(const Error& error) {
  const bool link = error.code == ErrorCode::link;
  return {.outcome = link ? StepOutcome::unlinkable : StepOutcome::refused,
          .values = {},
          .trap = {},
          .message = error.message};
}

StepResult failed(std::string message) {
  return {.outcome = StepOutcome::failed, .values = {}, .trap = {}, .message = std::move(message)};
}

StepResult trapped(TrapReport trap) {
  return {.outcome = StepOutcome::trap, .values = {}, .trap = std::move(trap), .message = {}};
}

class Script {
 public:
  Script(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source, Store& store,
         Linker& linker)
      : manifest_(manifest), policy_(policy), source_(source), store_(store), linker_(linker) {}

  StepResult run(const Step& step) {
    switch (step.kind) {
      case StepKind::check:
        return check(step.module);
      case StepKind::instantiate:
        return instantiate_module(step.module);
      default:
        break;
    }
    if (instances_[step.instance].instance == nullptr) {
      return failed("instance " + decimal(step.instance) + " was not made, or is gone");
    }
    Entry& entry = instances_[step.instance];
    switch (step.kind) {
      case StepKind::register_instance:
        entry.is_registered = true;
        linker_.add(step.name, *entry.instance);
        return {};
      case StepKind::release:
        if (!entry.is_registered && store_.release(*entry.instance)) entry.instance = nullptr;
        return {};
      case StepKind::invoke:
        return invoke_export(*entry.instance, step);
      case StepKind::get:
        return get(*entry.instance, step);
      case StepKind::check:
      case StepKind::instantiate:
        break;
    }
    std::unreachable();
  }

 private:
  struct Entry {
    Instance* instance = nullptr;
    bool is_registered = false;
  };

  StepResult check(uint32_t module) {
    const auto load = [&]() -> Result<void> {
      const ManifestModule& expected = manifest_.modules[module];
      const std::vector<uint8_t> bytes = TWINE_TRY(source_.read(module, expected.size));
      if (sha256(bytes) != expected.sha256) {
        return fail(ErrorCode::signature,
                    expected.name + ": its SHA-256 is not the one in the launch manifest");
      }
      TWINE_TRY(wasm::load(bytes, policy_.wasm_features));
      return {};
    };
    const Result<void> loaded = load();
    return loaded ? StepResult{} : refused(loaded.error());
  }

  StepResult instantiate_module(uint32_t module) {
    Entry& entry = instances_.emplace_back();
    const auto load = [&]() -> Result<Instantiated> {
      const ManifestModule& expected = manifest_.modules[module];
      std::vector<uint8_t> bytes = TWINE_TRY(source_.read(module, expected.size));
      std::unique_ptr<CompiledModule> accepted =
          TWINE_TRY(accept_module(std::move(bytes), expected, policy_));
      CompiledModule* added = TWINE_TRY(store_.add(std::move(accepted)));
      return instantiate(store_, linker_, *added);
    };
    Result<Instantiated> made = load();
    if (!made) return refused(made.error());
    auto& [instance, trap, exit_code] = *made;
    if (trap) {
      store_.release(*instance);  // if not, then tables of others may refer to it, and it stays
      return trapped(std::move(*trap));
    }
    if (exit_code) return failed("the start function ended the program");
    entry.instance = instance;
    return {};
  }

  static StepResult invoke_export(Instance& instance, const Step& step) {
    Result<Invoked> invoked = invoke(instance, step.name, step.arguments);
    if (!invoked) return failed(invoked.error().message);
    switch (invoked->end) {
      case CallEnd::returned:
        return {.outcome = StepOutcome::success,
                .values = std::move(invoked->results),
                .trap = {},
                .message = {}};
      case CallEnd::trapped:
        return trapped(std::move(invoked->trap));
      case CallEnd::exited:
        return failed("the function ended the program");
    }
    std::unreachable();
  }

  static StepResult get(Instance& instance, const Step& step) {
    const Result<WireValue> value = read_global(instance, step.name);
    if (!value) return failed(value.error().message);
    return {.outcome = StepOutcome::success, .values = {*value}, .trap = {}, .message = {}};
  }

  const LaunchManifest& manifest_;
  const ModulePolicy& policy_;
  ModuleSource& source_;
  Store& store_;
  Linker& linker_;
  std::vector<Entry> instances_;  // as the manifest numbers them
};

}  // namespace

void run_script(const LaunchManifest& manifest, const ModulePolicy& policy, ModuleSource& source,
                Store& store, Linker& linker, LaunchResult& result) {
  Script script(manifest, policy, source, store, linker);
  result.steps.reserve(manifest.steps.size());
  for (const Step& step : manifest.steps) result.steps.push_back(script.run(step));
}

}  // namespace twine::enclave

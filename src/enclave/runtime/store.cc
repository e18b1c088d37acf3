// The store: what lives, and what may go.
#include "enclave/runtime/store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/decimal.h"
#include "enclave/memory/pages.h"

namespace twine::enclave {
namespace {

uint64_t code_address(const std::unique_ptr<CompiledModule>& module) {
  return reinterpret_cast<uint64_t>(module->code);
}

}  // namespace

Store::Store(const Limits& limits, wasi::WasiContext& wasi)
    : limits_(limits), wasi_(wasi), thread_(std::make_unique<GuestThread>()) {
  null_function_.type_id = abi::kNullTypeId;
  thread_->store = this;
  thread_->interruptible = limits.timeout_ns != 0;
  constexpr auto kUnlimited = uint64_t{std::numeric_limits<int64_t>::max()};
  thread_->fuel = static_cast<int64_t>(std::min(limits.fuel.value_or(kUnlimited), kUnlimited));
  thread_->context.fuel = thread_->fuel;
  adopt(*thread_);
}

Store::~Store() {
  abandon();
  instances_.clear();
  for (const auto& module : modules_) {
    if (module->code != nullptr) unmap_code(const_cast<uint8_t*>(module->code));
  }
}

Result<CompiledModule*> Store::add(std::unique_ptr<CompiledModule> module) {
  if (!module->file.image.empty()) {
    Result<uint8_t*> code =
        map_code(module->file.image, module->file.layout.code_size, module->file.layout.data_size);
    if (!code) return within(module->name, std::move(code).error());
    module->code = *code;
  }
  module->type_ids.reserve(module->wasm.types.size());
  for (const wasm::FunctionType& type : module->wasm.types) module->type_ids.push_back(types_.intern(type));
  const auto place = std::ranges::upper_bound(modules_, code_address(module), {}, code_address);
  return modules_.insert(place, std::move(module))->get();
}

Result<Instance*> Store::add_instance(CompiledModule& module) {
  if (instances_.size() >= limits_.instances) {
    return fail(ErrorCode::limit, module.name + ": the launch may have only " + decimal(limits_.instances) +
                                      " instances; raise --max-instances");
  }
  return instances_.emplace_back(std::make_unique<Instance>(*this, module)).get();
}

bool Store::release(Instance& instance) {
  const CompiledModule& module = instance.module();
  const bool could_leak = std::ranges::any_of(module.wasm.imports, [&](const wasm::Import& import) {
    switch (import.kind) {
      case wasm::ExternalKind::function:
        return !instance.is_host_function(import.index);
      case wasm::ExternalKind::table:
        return true;
      case wasm::ExternalKind::memory:
        return false;
      case wasm::ExternalKind::global: {
        const wasm::GlobalType& type = module.wasm.globals[import.index].type;
        return type.is_mutable && wasm::is_reference(type.value);
      }
    }
    return true;
  });
  if (could_leak) return false;
  discard(instance);
  return true;
}

void Store::discard(Instance& instance) {
  const CompiledModule& module = instance.module();
  std::erase_if(instances_, [&](const auto& owned) { return owned.get() == &instance; });
  if (module.code != nullptr) unmap_code(const_cast<uint8_t*>(module.code));
  std::erase_if(modules_, [&](const auto& owned) { return owned.get() == &module; });
}

const CompiledModule* Store::module_at(uint64_t address) const {
  const auto after = std::ranges::upper_bound(modules_, address, {}, code_address);
  if (after == modules_.begin()) return nullptr;
  const CompiledModule& module = **std::prev(after);
  const uint64_t begin = reinterpret_cast<uint64_t>(module.code);
  return address - begin < module.code_size() ? &module : nullptr;
}

uint64_t Store::linear_memory_bytes() const {
  uint64_t bytes = 0;
  for (const auto& instance : instances_) bytes += instance->own_memory_bytes();
  return bytes;
}

uint64_t Store::fuel_used() const {
  return static_cast<uint64_t>(thread_->fuel - std::max<int64_t>(thread_->context.fuel, 0));
}

}  // namespace twine::enclave

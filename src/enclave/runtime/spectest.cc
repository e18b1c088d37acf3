// The test suite's host module.
#include "enclave/runtime/spectest.h"

#include <array>
#include <bit>

#include "enclave/memory/pages.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {
namespace {

constexpr std::string_view kModule = "spectest";

HostOutcome print(HostCallFrame& /*frame: nothing is printed*/) {
  return HostOutcome::returned();
}

constexpr auto kFunctions = std::to_array<HostFunction>({
    {kModule, "print", ":", print},
    {kModule, "print_i32", "i:", print},
    {kModule, "print_i64", "I:", print},
    {kModule, "print_f32", "f:", print},
    {kModule, "print_f64", "F:", print},
    {kModule, "print_i32_f32", "if:", print},
    {kModule, "print_f64_f64", "FF:", print},
});

// (table 10 20 funcref), (memory 1 2), and globals of every number type that hold 666, or 666.6.
constexpr uint32_t kTableElements = 10;
constexpr uint32_t kTableMaxElements = 20;
constexpr wasm::TableType kTable{.element = wasm::ValueType::funcref,
                                 .limits = {.min = kTableElements, .max = kTableMaxElements}};
constexpr uint32_t kMemoryPages = 1;
constexpr uint32_t kMemoryMaxPages = 2;

}  // namespace

Spectest::~Spectest() {
  if (memory_.descriptor.base != nullptr) release_memory_slot(memory_.descriptor.base);
}

Result<void> Spectest::define(Store& store, Linker& linker) {
  linker.add(kFunctions);

  table_ = std::make_unique<TableInstance>(kTable, kTableMaxElements);
  if (!table_->grow(kTableElements, reinterpret_cast<uint64_t>(store.null_function()))) {
    return fail(ErrorCode::out_of_memory, "spectest: no memory for its table");
  }
  linker.add(kModule, "table", {.kind = wasm::ExternalKind::table, .table = table_.get()});

  memory_.descriptor.base = TWINE_TRY(reserve_memory_slot());
  memory_.descriptor.max_bytes = uint64_t{kMemoryMaxPages} * wasm::page_size;
  memory_.descriptor.flags = abi::kMemoryGuarded;
  memory_.declared_max = kMemoryMaxPages;
  TWINE_TRY(open_linear(memory_.descriptor.base, 0, uint64_t{kMemoryPages} * wasm::page_size));
  memory_.descriptor.size_bytes = uint64_t{kMemoryPages} * wasm::page_size;
  linker.add(kModule, "memory", {.kind = wasm::ExternalKind::memory, .memory = &memory_});

  i32_.low = 666;
  i64_.low = 666;
  f32_.low = std::bit_cast<uint32_t>(666.6F);
  f64_.low = std::bit_cast<uint64_t>(666.6);
  const auto global = [&](std::string_view name, abi::Value& value, wasm::ValueType type) {
    linker.add(kModule, name,
               {.kind = wasm::ExternalKind::global,
                .global = &value,
                .global_type = {.value = type, .is_mutable = false}});
  };
  global("global_i32", i32_, wasm::ValueType::i32);
  global("global_i64", i64_, wasm::ValueType::i64);
  global("global_f32", f32_, wasm::ValueType::f32);
  global("global_f64", f64_, wasm::ValueType::f64);
  return {};
}

}  // namespace twine::enclave

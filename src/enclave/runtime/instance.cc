// Instances: their context, and what compiled code may reach of it.
#include "enclave/runtime/instance.h"

#include <algorithm>
#include <bit>
#include <new>

#include "enclave/memory/pages.h"
#include "enclave/platform/platform.h"
#include "enclave/runtime/runtime_entries.h"
#include "enclave/runtime/store.h"

namespace twine::enclave {
namespace {

abi::ContextLayout layout_of(const wasm::Module& module) {
  return abi::ContextLayout::of({.imported_functions = module.imported_functions,
                                 .memories = module.memories.size(),
                                 .tables = module.tables.size(),
                                 .globals = module.globals.size(),
                                 .types = module.types.size(),
                                 .functions = module.functions.size()});
}

// Compiled code passes only indices that its own module has; see Instance::memory.
template <typename Items>
auto& checked(Items& items, uint32_t index) {
  if (index >= items.size())
    panic("compiled code named a memory, table or segment that its module does not have");
  return items[index];
}

}  // namespace

TableInstance::TableInstance(const wasm::TableType& type, uint64_t limit) : type_(type) {
  const uint64_t declared = type.limits.max.value_or(UINT32_MAX);
  descriptor.max = static_cast<uint32_t>(std::min(declared, limit));
}

bool TableInstance::grow(uint32_t count, uint64_t reference) {
  const uint32_t old_size = descriptor.size;
  if (count > descriptor.max - old_size) return false;
  const uint32_t new_size = old_size + count;
  if (new_size > capacity_) {
    // Doubling, so that a guest that grows one by one does not copy the table every time.
    const auto capacity = static_cast<uint32_t>(
        std::min<uint64_t>(std::max<uint64_t>(new_size, capacity_ * uint64_t{2}), descriptor.max));
    std::unique_ptr<uint64_t[]> storage(new (std::nothrow) uint64_t[capacity]);
    if (storage == nullptr) return false;
    std::ranges::copy(elements(), storage.get());
    storage_ = std::move(storage);
    capacity_ = capacity;
    descriptor.elements = storage_.get();
  }
  std::fill_n(descriptor.elements + old_size, count, reference);
  descriptor.size = new_size;
  return true;
}

Instance::Instance(Store& store, CompiledModule& module)
    : store_(store),
      module_(module),
      layout_(layout_of(module.wasm)),
      context_storage_((layout_.size + sizeof(abi::Value) - 1) / sizeof(abi::Value)),
      context_(std::as_writable_bytes(std::span(context_storage_))) {
  context().header = {.thread = &store.thread(), .runtime = runtime_entry_table()};
  context().null_function = store.null_function();
  context().instance = this;
}

Instance::~Instance() {
  for (const auto& memory : own_memories_) {
    if (memory->descriptor.base != nullptr) release_memory_slot(memory->descriptor.base);
  }
}

MemoryInstance& Instance::memory(uint32_t index) const {
  return *checked(memories_, index);
}

TableInstance& Instance::table(uint32_t index) const {
  return *checked(tables_, index);
}

std::vector<uint64_t>& Instance::element_segment(uint32_t index) {
  return checked(element_segments_, index);
}
std::span<const uint8_t>& Instance::data_segment(uint32_t index) {
  return checked(data_segments_, index);
}

abi::Value* Instance::global(uint32_t index) {
  abi::Value* cell = array<abi::Value>(layout_.globals) + index;
  return index < module_.wasm.imported_globals ? std::bit_cast<abi::Value*>(cell->low) : cell;
}

const abi::FunctionRecord* Instance::function(uint32_t index) {
  return array<abi::FunctionRecord>(layout_.functions) + index;
}

abi::MemoryDescriptor* Instance::memory0() const {
  return memories_.empty() ? nullptr : &memories_[0]->descriptor;
}

uint64_t Instance::own_memory_bytes() const {
  uint64_t bytes = 0;
  for (const auto& memory : own_memories_) bytes += memory->descriptor.size_bytes;
  return bytes;
}

Extern Instance::external(const wasm::Export& entry) {
  Extern value{.kind = entry.kind};
  switch (entry.kind) {
    case wasm::ExternalKind::function:
      value.function = function(entry.index);
      break;
    case wasm::ExternalKind::table:
      value.table = tables_[entry.index];
      break;
    case wasm::ExternalKind::memory:
      value.memory = memories_[entry.index];
      break;
    case wasm::ExternalKind::global:
      value.global = global(entry.index);
      value.global_type = module_.wasm.globals[entry.index].type;
      break;
  }
  return value;
}

}  // namespace twine::enclave

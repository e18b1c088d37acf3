// Module instances and what they are made of (core specification 2.0, section 4.2).
//
// Everything here belongs to the Store (store.h) and lives until the store gives it up: compiled code, tables
// and other instances hold plain pointers to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/abi.h"
#include "enclave/runtime/compiled_module.h"
#include "enclave/wasi/host_function.h"
#include "wasm/types.h"

namespace twine::enclave {

class Store;

// A linear memory. Compiled code sees the descriptor.
struct MemoryInstance {
  abi::MemoryDescriptor descriptor{};
  std::optional<uint32_t>
      declared_max;  // pages, as its type has it; descriptor.max_bytes is what it may reach here

  [[nodiscard]] uint32_t pages() const {
    return static_cast<uint32_t>(descriptor.size_bytes / wasm::page_size);
  }
};

// A table. Compiled code sees the descriptor.
class TableInstance {
 public:
  // An empty table; `limit`: elements it may grow to.
  TableInstance(const wasm::TableType& type, uint64_t limit);

  abi::TableDescriptor descriptor{};

  [[nodiscard]] const wasm::TableType& type() const { return type_; }
  [[nodiscard]] std::span<uint64_t> elements() { return {descriptor.elements, descriptor.size}; }

  // Appends `count` elements. False, and nothing changed, where its limit or the heap forbids it.
  [[nodiscard]] bool grow(uint32_t count, uint64_t reference);

 private:
  wasm::TableType type_;
  uint32_t capacity_ = 0;
  std::unique_ptr<uint64_t[]> storage_;
};

// What an export is and an import wants (4.2.11, external values). One of the pointers is set, as `kind`
// says; a function is either one with code, or one that the enclave provides and that gets its code from the
// importer's host thunk.
struct Extern {
  wasm::ExternalKind kind = wasm::ExternalKind::function;
  const abi::FunctionRecord* function = nullptr;
  const HostFunction* host_function = nullptr;
  TableInstance* table = nullptr;
  MemoryInstance* memory = nullptr;
  abi::Value* global = nullptr;
  wasm::GlobalType global_type = {};
};

// What R13 points to while a host function is called: the ABI's part, and what the runtime needs beside it.
struct HostBinding {
  abi::HostFunctionContext context{};
  uint32_t value_count = 0;  // max(parameters, results)
};

class Instance {
 public:
  Instance(Store& store, CompiledModule& module);

  // The context holds addresses of itself.
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  [[nodiscard]] Store& store() const { return store_; }
  [[nodiscard]] const CompiledModule& module() const { return module_; }
  [[nodiscard]] abi::InstanceContext& context() {
    return *reinterpret_cast<abi::InstanceContext*>(context_.data());
  }

  // The instance whose context compiled code handed over.
  static Instance& from(const abi::InstanceContext& context) {
    return *static_cast<Instance*>(context.instance);
  }

  // By index in the module's index spaces; an index out of range ends the enclave, since only compiled code
  // that broke the ABI can bring one.
  [[nodiscard]] MemoryInstance& memory(uint32_t index) const;
  [[nodiscard]] TableInstance& table(uint32_t index) const;
  [[nodiscard]] std::vector<uint64_t>& element_segment(uint32_t index);
  [[nodiscard]] std::span<const uint8_t>& data_segment(uint32_t index);

  // The cell that holds a global's value, wherever it was defined.
  [[nodiscard]] abi::Value* global(uint32_t index);
  [[nodiscard]] const abi::FunctionRecord* function(uint32_t index);
  // Whether this imported function is one that the enclave provides, rather than another instance.
  [[nodiscard]] bool is_host_function(uint32_t index) const { return import_is_host_[index]; }
  // Sum of the sizes of the memories that this instance defines.
  [[nodiscard]] uint64_t own_memory_bytes() const;
  // Memory 0, or null.
  [[nodiscard]] abi::MemoryDescriptor* memory0() const;

  [[nodiscard]] Extern external(const wasm::Export& entry);

 private:
  friend class Instantiation;

  template <typename T>
  [[nodiscard]] T* array(uint64_t offset) {
    return reinterpret_cast<T*>(context_.data() + offset);
  }

  Store& store_;
  CompiledModule& module_;
  abi::ContextLayout layout_;
  std::vector<abi::Value> context_storage_;  // Values, for their alignment
  std::span<std::byte> context_;
  std::vector<std::unique_ptr<MemoryInstance>> own_memories_;
  std::vector<std::unique_ptr<TableInstance>> own_tables_;
  std::vector<std::unique_ptr<HostBinding>> host_bindings_;
  std::vector<bool> import_is_host_;  // by index of imported function
  std::vector<MemoryInstance*> memories_;
  std::vector<TableInstance*> tables_;
  std::vector<std::vector<uint64_t>> element_segments_;  // references; a dropped segment is empty
  std::vector<std::span<const uint8_t>> data_segments_;  // a dropped segment is empty
};

}  // namespace twine::enclave

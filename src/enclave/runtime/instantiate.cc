// The steps of instantiation.
#include "enclave/runtime/instantiate.h"

#include <algorithm>
#include <utility>

#include "common/decimal.h"
#include "enclave/memory/pages.h"
#include "enclave/runtime/bulk.h"
#include "wasm/constant_expression.h"

namespace twine::enclave {

// The steps of 4.5.4 on an instance that is being made; after each, what it made can be used by the next.
class Instantiation {
 public:
  Instantiation(Store& store, const Linker& linker, CompiledModule& module, Instance& instance)
      : store_(store), linker_(linker), module_(module), wasm_(module.wasm), instance_(instance) {}

  Result<void> link_imports();
  Result<void> allocate_memories();
  Result<void> allocate_tables();
  void publish();
  Result<void> initialise_globals();
  Result<void> evaluate_elements();

  // These change what other instances can see; a trap leaves the changes before it in place.
  Result<TrapOr> apply_elements();
  Result<TrapOr> apply_data();

  // For constant_expression.h.
  [[nodiscard]] wasm::RawValue global(uint32_t index) const {
    const abi::Value* value = instance_.global(index);
    return {value->low, value->high};
  }
  [[nodiscard]] wasm::RawValue function(uint32_t index) const {
    return {reinterpret_cast<uint64_t>(instance_.function(index)), 0};
  }

 private:
  void link_function(uint32_t index, const Extern& value);
  [[nodiscard]] Result<wasm::RawValue> evaluate(const wasm::ConstantExpression& expression,
                                                wasm::ValueType type) const;

  [[nodiscard]] abi::ImportedFunction* imported_functions() const {
    return instance_.array<abi::ImportedFunction>(instance_.layout_.imported_functions);
  }
  [[nodiscard]] abi::FunctionRecord* functions() const {
    return instance_.array<abi::FunctionRecord>(instance_.layout_.functions);
  }
  [[nodiscard]] abi::Value* globals() const { return instance_.array<abi::Value>(instance_.layout_.globals); }

  Store& store_;
  const Linker& linker_;
  CompiledModule& module_;
  const wasm::Module& wasm_;
  Instance& instance_;
};

void Instantiation::link_function(uint32_t index, const Extern& value) {
  const uint32_t type_index = wasm_.functions[index].type_index;
  abi::FunctionRecord& record = functions()[index];
  instance_.import_is_host_.push_back(value.host_function != nullptr);
  if (value.host_function != nullptr) {
    const wasm::FunctionType& type = wasm_.types[type_index];
    auto binding = std::make_unique<HostBinding>();
    binding->context = {.header = instance_.context().header,
                        .host_function = value.host_function,
                        .instance = &instance_.context()};
    binding->value_count = static_cast<uint32_t>(std::max(type.params.size(), type.results.size()));
    record = {.code = module_.host_thunk(type_index),
              .context = &binding->context,
              .type_id = module_.type_ids[type_index],
              .index = index,
              .tail_code = nullptr};
    instance_.host_bindings_.push_back(std::move(binding));
  } else {
    record = *value.function;
  }
  imported_functions()[index] = {.code = record.code, .context = record.context};
}

Result<void> Instantiation::link_imports() {
  for (const wasm::Import& import : wasm_.imports) {
    const Extern value = TWINE_TRY(linker_.resolve(store_, module_, import));
    switch (import.kind) {
      case wasm::ExternalKind::function:
        link_function(import.index, value);
        break;
      case wasm::ExternalKind::table:
        instance_.tables_.push_back(value.table);
        break;
      case wasm::ExternalKind::memory:
        instance_.memories_.push_back(value.memory);
        break;
      case wasm::ExternalKind::global:
        globals()[import.index].low = reinterpret_cast<uint64_t>(value.global);
        break;
    }
  }
  return {};
}

Result<void> Instantiation::allocate_memories() {
  for (size_t i = wasm_.imported_memories; i < wasm_.memories.size(); ++i) {
    const wasm::Limits& limits = wasm_.memories[i].type.limits;
    const uint64_t size = uint64_t{limits.min} * wasm::page_size;
    const uint64_t allowed = store_.limits().memory_bytes / wasm::page_size * wasm::page_size;
    if (size > allowed) {
      return fail(ErrorCode::limit, module_.name + ": its memory begins with " + decimal(size) + " bytes, " +
                                        decimal(allowed) + " are allowed; raise --max-memory");
    }
    auto memory = std::make_unique<MemoryInstance>();
    memory->declared_max = limits.max;
    memory->descriptor.base = TWINE_TRY(reserve_memory_slot());
    memory->descriptor.max_bytes =
        std::min(uint64_t{limits.max.value_or(wasm::max_pages)} * wasm::page_size, allowed);
    memory->descriptor.flags = abi::kMemoryGuarded;
    MemoryInstance& owned = *instance_.own_memories_.emplace_back(std::move(memory));
    if (size != 0) TWINE_TRY(open_linear(owned.descriptor.base, 0, size));
    owned.descriptor.size_bytes = size;
    instance_.memories_.push_back(&owned);
  }
  return {};
}

Result<void> Instantiation::allocate_tables() {
  for (size_t i = wasm_.imported_tables; i < wasm_.tables.size(); ++i) {
    const wasm::TableType& type = wasm_.tables[i].type;
    auto table = std::make_unique<TableInstance>(type, store_.limits().table_elements);
    const uint64_t null =
        type.element == wasm::ValueType::funcref ? reinterpret_cast<uint64_t>(store_.null_function()) : 0;
    if (!table->grow(type.limits.min, null)) {
      return fail(ErrorCode::limit, module_.name + ": a table begins with " + decimal(type.limits.min) +
                                        " elements, " + decimal(store_.limits().table_elements) +
                                        " are allowed; raise --max-table-elements");
    }
    instance_.tables_.push_back(instance_.own_tables_.emplace_back(std::move(table)).get());
  }
  return {};
}

// Fills in what compiled code finds beside imports and globals.
void Instantiation::publish() {
  abi::InstanceContext& context = instance_.context();
  const abi::ContextLayout& layout = instance_.layout_;
  for (size_t i = 0; i < instance_.memories_.size(); ++i) {
    instance_.array<abi::MemoryDescriptor*>(layout.memories)[i] = &instance_.memories_[i]->descriptor;
  }
  for (size_t i = 0; i < instance_.tables_.size(); ++i) {
    instance_.array<abi::TableDescriptor*>(layout.tables)[i] = &instance_.tables_[i]->descriptor;
  }
  if (abi::MemoryDescriptor* memory = instance_.memory0()) {
    context.memory0 = memory;
    context.memory0_base = memory->base;
  }
  for (const wasm::DataSegment& segment : wasm_.data) instance_.data_segments_.push_back(segment.bytes);
  std::ranges::copy(module_.type_ids, instance_.array<uint32_t>(layout.type_ids));
  for (uint32_t i = wasm_.imported_functions; i < wasm_.functions.size(); ++i) {
    functions()[i] = {.code = module_.function_code(i),
                      .context = &context,
                      .type_id = module_.type_ids[wasm_.functions[i].type_index],
                      .index = i,
                      .tail_code = module_.tail_code(i)};
  }
}

Result<wasm::RawValue> Instantiation::evaluate(const wasm::ConstantExpression& expression,
                                               wasm::ValueType type) const {
  wasm::RawValue value = TWINE_TRY(wasm::evaluate(expression, *this));
  // Compiled code knows a null function as the record whose type matches none.
  if (type == wasm::ValueType::funcref && value.low == 0) {
    value.low = reinterpret_cast<uint64_t>(store_.null_function());
  }
  return value;
}

Result<void> Instantiation::initialise_globals() {
  for (size_t i = wasm_.imported_globals; i < wasm_.globals.size(); ++i) {
    const wasm::Global& global = wasm_.globals[i];
    const wasm::RawValue value = TWINE_TRY(evaluate(global.initialiser, global.type.value));
    globals()[i] = {.low = value.low, .high = value.high};
  }
  return {};
}

Result<void> Instantiation::evaluate_elements() {
  for (const wasm::ElementSegment& segment : wasm_.elements) {
    std::vector<uint64_t>& references = instance_.element_segments_.emplace_back();
    references.reserve(segment.size());
    for (const uint32_t index : segment.functions) references.push_back(function(index).low);
    for (const wasm::ConstantExpression& expression : segment.expressions) {
      references.push_back(TWINE_TRY(evaluate(expression, segment.type)).low);
    }
  }
  return {};
}

Result<TrapOr> Instantiation::apply_elements() {
  for (uint32_t i = 0; i < wasm_.elements.size(); ++i) {
    const wasm::ElementSegment& segment = wasm_.elements[i];
    std::vector<uint64_t>& references = instance_.element_segments_[i];
    if (segment.mode == wasm::ElementSegment::Mode::active) {
      const auto start = static_cast<uint32_t>(TWINE_TRY(evaluate(segment.start, wasm::ValueType::i32)).low);
      const TrapOr copied = table_init(instance_.table(segment.table), references, start, 0,
                                       static_cast<uint32_t>(references.size()));
      if (!copied) return copied;
    }
    if (segment.mode != wasm::ElementSegment::Mode::passive) references = {};
  }
  return TrapOr{};
}

Result<TrapOr> Instantiation::apply_data() {
  for (uint32_t i = 0; i < wasm_.data.size(); ++i) {
    const wasm::DataSegment& segment = wasm_.data[i];
    if (segment.mode != wasm::DataSegment::Mode::active) continue;
    const auto start = static_cast<uint32_t>(TWINE_TRY(evaluate(segment.start, wasm::ValueType::i32)).low);
    const TrapOr copied = memory_init(instance_.memory(segment.memory), segment.bytes, start, 0,
                                      static_cast<uint32_t>(segment.bytes.size()));
    if (!copied) return copied;
    instance_.data_segments_[i] = {};
  }
  return TrapOr{};
}

namespace {

TrapReport trap_without_frames(abi::TrapKind kind) {
  return {.kind = kind, .message = std::string(trap_message(kind)), .frames = {}, .frames_omitted = 0};
}

void run_start(Store& store, const CompiledModule& module, Instantiated& result) {
  if (!module.wasm.start) return;
  const uint32_t start = *module.wasm.start;
  const uint32_t type = module.wasm.functions[start].type_index;
  GuestThread& thread = store.guest_thread();
  switch (call(thread, *result.instance->function(start), module.entry_thunk(type))) {
    case CallEnd::returned:
      return;
    case CallEnd::trapped:
      result.trap = std::move(thread.trap);
      return;
    case CallEnd::exited:
      result.exit_code = thread.exit_code;
      return;
  }
}

// The part that can fail without a trap: nothing outside the instance has changed, or knows of it.
Result<void> prepare(Instantiation& steps) {
  TWINE_TRY(steps.link_imports());
  TWINE_TRY(steps.allocate_memories());
  TWINE_TRY(steps.allocate_tables());
  steps.publish();
  TWINE_TRY(steps.initialise_globals());
  return steps.evaluate_elements();
}

}  // namespace

Result<Instantiated> instantiate(Store& store, const Linker& linker, CompiledModule& module) {
  Instantiated result{.instance = TWINE_TRY(store.add_instance(module)), .trap = {}, .exit_code = {}};
  Instantiation steps(store, linker, module, *result.instance);
  if (Result<void> prepared = prepare(steps); !prepared) {
    store.discard(*result.instance);
    return std::unexpected(std::move(prepared).error());
  }
  if (const TrapOr applied = TWINE_TRY(steps.apply_elements()); !applied) {
    result.trap = trap_without_frames(applied.error());
    return result;
  }
  if (const TrapOr applied = TWINE_TRY(steps.apply_data()); !applied) {
    result.trap = trap_without_frames(applied.error());
    return result;
  }
  run_start(store, module, result);
  return result;
}

}  // namespace twine::enclave

#include "support/guest_host.h"

#include <setjmp.h>  // NOLINT(modernize-deprecated-headers): sigsetjmp
#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "common/image_layout.h"

namespace twine::test {
namespace {

using abi::RuntimeEntry;
using abi::TrapKind;

// The thread that runs guest code: where a trap goes.
struct Activation {
  sigjmp_buf out;
  Trap trap;
  uint64_t fault_pc = 0;
};
thread_local Activation* current = nullptr;
thread_local std::vector<const abi::MemoryDescriptor*> reservations;

[[noreturn]] void raise_trap(TrapKind kind) {
  current->trap = {kind, 0};
  current->fault_pc = 0;
  siglongjmp(current->out, 1);
}

// ud1 kind(%eax), %eax: 67 0f b9 40 kind
std::optional<TrapKind> trap_instruction(const uint8_t* pc) {
  constexpr std::array<uint8_t, 4> ud1 = {0x67, 0x0f, 0xb9, 0x40};
  if (!std::equal(ud1.begin(), ud1.end(), pc)) return std::nullopt;
  return static_cast<TrapKind>(pc[4]);
}

void on_signal(int number, siginfo_t* info, void* state) {
  const auto* context = static_cast<ucontext_t*>(state);
  const auto pc = static_cast<uint64_t>(context->uc_mcontext.gregs[REG_RIP]);
  const auto sp = static_cast<uint64_t>(context->uc_mcontext.gregs[REG_RSP]);
  const auto address = reinterpret_cast<uint64_t>(info->si_addr);
  std::optional<TrapKind> kind;
  if (number == SIGILL) {
    // The program counter is an address.
    kind = trap_instruction(reinterpret_cast<const uint8_t*>(pc));  // NOLINT(performance-no-int-to-ptr)
  } else {
    for (const abi::MemoryDescriptor* memory : reservations) {
      const auto base = reinterpret_cast<uint64_t>(memory->base);
      if (address >= base && address < base + kMemorySlotStride) kind = TrapKind::out_of_bounds_memory_access;
    }
    if (!kind && address + (uint64_t{1} << 20) >= sp && address <= sp + 65536)
      kind = TrapKind::call_stack_exhausted;
  }
  if (!kind || current == nullptr) {
    (void)::signal(number, SIG_DFL);  // a fault of the test itself
    return;
  }
  current->trap = {*kind, 0};
  current->fault_pc = pc;
  siglongjmp(current->out, 1);
}

void install_handlers() {
  static const bool installed = [] {
    static std::array<uint8_t, 65536> alternate;
    stack_t stack{};
    stack.ss_sp = alternate.data();
    stack.ss_size = alternate.size();
    ::sigaltstack(&stack, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGILL, &action, nullptr);
    return true;
  }();
  (void)installed;
}

// Enters an entry thunk: R13 = context, RDI = code.
void enter(const void* thunk, const void* context, const void* code) {
  asm volatile(
      "movq %[context], %%r13\n\t"
      "call *%[thunk]"
      : "+D"(code)
      : [thunk] "r"(thunk), [context] "r"(context)
      : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r13", "memory", "cc", "xmm0", "xmm1", "xmm2",
        "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
        "xmm15");
}

struct HostContext {
  abi::HostFunctionContext context;
  HostFunction function;
  wasm::FunctionType type;
};

// The context holds the address of an imported global in the place of its value.
abi::Value* imported_global(const abi::Value& slot) {
  return reinterpret_cast<abi::Value*>(slot.low);  // NOLINT(performance-no-int-to-ptr)
}

void commit(const abi::MemoryDescriptor& memory) {
  if (memory.size_bytes != 0) ::mprotect(memory.base, memory.size_bytes, PROT_READ | PROT_WRITE);
}

}  // namespace

// The runtime's side of RuntimeEntry. Swift's convention is System V's with a context in R13, which is what
// compiled code calls with; there is no switch of stacks here.
#define TWINE_ENTRY __attribute__((swiftcall))
#define TWINE_CONTEXT __attribute__((swift_context))
struct RuntimeEntries {
  static Instance& instance_of(const abi::InstanceContext* context) {
    return *static_cast<Instance*>(context->instance);
  }
  static abi::MemoryDescriptor& memory_of(const Instance& instance, uint32_t memory) {
    return **instance.at<abi::MemoryDescriptor*>(instance.layout_.memories + memory * sizeof(void*));
  }
  static abi::TableDescriptor& table_of(const Instance& instance, uint32_t table) {
    return **instance.at<abi::TableDescriptor*>(instance.layout_.tables + table * sizeof(void*));
  }
  static void need(bool in_bounds, TrapKind kind) {
    if (!in_bounds) raise_trap(kind);
  }
  static void need_memory(const abi::MemoryDescriptor& memory, uint64_t begin, uint64_t count) {
    need(begin + count <= memory.size_bytes, TrapKind::out_of_bounds_memory_access);
  }
  static void need_table(const abi::TableDescriptor& table, uint64_t begin, uint64_t count) {
    need(begin + count <= table.size, TrapKind::out_of_bounds_table_access);
  }

  TWINE_ENTRY static void host_call(TWINE_CONTEXT abi::HostFunctionContext* context) {
    const auto* host = static_cast<const HostContext*>(context->host_function);
    abi::Value* slots = context->header.thread->values;
    Values arguments;
    for (size_t index = 0; index < host->type.params.size(); ++index) {
      const wasm::ValueType type = host->type.params[index];
      const bool narrow = type == wasm::ValueType::i32 || type == wasm::ValueType::f32;
      arguments.push_back({narrow ? static_cast<uint32_t>(slots[index].low) : slots[index].low, 0});
    }
    const auto outcome = host->function(arguments);
    if (const Trap* trap = std::get_if<Trap>(&outcome)) raise_trap(trap->kind);
    const Values& results = std::get<Values>(outcome);
    for (size_t index = 0; index < results.size(); ++index)
      slots[index] = {results[index].low, results[index].high};
  }
  TWINE_ENTRY static uint32_t memory_grow(uint32_t index, uint32_t delta,
                                          TWINE_CONTEXT abi::InstanceContext* context) {
    abi::MemoryDescriptor& memory = memory_of(instance_of(context), index);
    const auto old = static_cast<uint32_t>(memory.size_bytes / wasm::page_size);
    const uint64_t size = memory.size_bytes + uint64_t{delta} * wasm::page_size;
    if (size > memory.max_bytes) return UINT32_MAX;
    memory.size_bytes = size;
    commit(memory);
    return old;
  }
  TWINE_ENTRY static void memory_copy(uint32_t to, uint32_t from, uint32_t target, uint32_t source,
                                      uint32_t count, TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::MemoryDescriptor& destination = memory_of(instance_of(context), to);
    const abi::MemoryDescriptor& origin = memory_of(instance_of(context), from);
    need_memory(destination, target, count);
    need_memory(origin, source, count);
    std::memmove(destination.base + target, origin.base + source, count);
  }
  TWINE_ENTRY static void memory_fill(uint32_t index, uint32_t target, uint32_t value, uint32_t count,
                                      TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::MemoryDescriptor& memory = memory_of(instance_of(context), index);
    need_memory(memory, target, count);
    std::memset(memory.base + target, static_cast<int>(value & 0xff), count);
  }
  TWINE_ENTRY static void memory_init(uint32_t index, uint32_t segment, uint32_t target, uint32_t source,
                                      uint32_t count, TWINE_CONTEXT abi::InstanceContext* context) {
    const Instance& instance = instance_of(context);
    const abi::MemoryDescriptor& memory = memory_of(instance, index);
    const std::span<const uint8_t> bytes =
        instance.dropped_data_[segment] ? std::span<const uint8_t>() : instance.module_.data[segment].bytes;
    need(uint64_t{source} + count <= bytes.size(), TrapKind::out_of_bounds_memory_access);
    need_memory(memory, target, count);
    std::copy_n(bytes.begin() + source, count, memory.base + target);
  }
  TWINE_ENTRY static void data_drop(uint32_t segment, TWINE_CONTEXT abi::InstanceContext* context) {
    instance_of(context).dropped_data_[segment] = true;
  }
  TWINE_ENTRY static uint64_t table_get(uint32_t index, uint32_t element,
                                        TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::TableDescriptor& table = table_of(instance_of(context), index);
    need_table(table, element, 1);
    return table.elements[element];
  }
  TWINE_ENTRY static void table_set(uint32_t index, uint32_t element, uint64_t reference,
                                    TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::TableDescriptor& table = table_of(instance_of(context), index);
    need_table(table, element, 1);
    table.elements[element] = reference;
  }
  TWINE_ENTRY static uint32_t table_grow(uint32_t index, uint64_t reference, uint32_t delta,
                                         TWINE_CONTEXT abi::InstanceContext* context) {
    Instance& instance = instance_of(context);
    abi::TableDescriptor& table = table_of(instance, index);
    const uint32_t old = table.size;
    if (uint64_t{old} + delta > table.max || delta > 10'000'000) return UINT32_MAX;
    auto& elements = instance.host_.elements_.emplace_back(table.elements, table.elements + old);
    elements.resize(old + delta, reference);
    table.elements = elements.data();
    table.size = old + delta;
    return old;
  }
  TWINE_ENTRY static void table_fill(uint32_t index, uint32_t first, uint64_t reference, uint32_t count,
                                     TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::TableDescriptor& table = table_of(instance_of(context), index);
    need_table(table, first, count);
    std::fill_n(table.elements + first, count, reference);
  }
  TWINE_ENTRY static void table_copy(uint32_t to, uint32_t from, uint32_t target, uint32_t source,
                                     uint32_t count, TWINE_CONTEXT abi::InstanceContext* context) {
    const abi::TableDescriptor& destination = table_of(instance_of(context), to);
    const abi::TableDescriptor& origin = table_of(instance_of(context), from);
    need_table(destination, target, count);
    need_table(origin, source, count);
    std::memmove(destination.elements + target, origin.elements + source, uint64_t{count} * sizeof(uint64_t));
  }
  TWINE_ENTRY static void table_init(uint32_t index, uint32_t segment, uint32_t target, uint32_t source,
                                     uint32_t count, TWINE_CONTEXT abi::InstanceContext* context) {
    const Instance& instance = instance_of(context);
    const abi::TableDescriptor& table = table_of(instance, index);
    const wasm::ElementSegment& elements = instance.module_.elements[segment];
    const uint64_t size = instance.dropped_elements_[segment] ? 0 : elements.size();
    need(uint64_t{source} + count <= size, TrapKind::out_of_bounds_table_access);
    need_table(table, target, count);
    for (uint32_t number = source; number < source + count; ++number, ++target) {
      if (elements.functions.empty()) {
        const uint64_t reference = instance.evaluate(elements.expressions[number])->low;
        table.elements[target] = reference == 0 ? instance.host_.null_of(elements.type) : reference;
      } else {
        table.elements[target] = reinterpret_cast<uint64_t>(
            instance.at<abi::FunctionRecord>(instance.layout_.functions) + elements.functions[number]);
      }
    }
  }
  TWINE_ENTRY static void elem_drop(uint32_t segment, TWINE_CONTEXT abi::InstanceContext* context) {
    instance_of(context).dropped_elements_[segment] = true;
  }
};

namespace {

const std::array<const void*, static_cast<size_t>(RuntimeEntry::count)>& runtime_table() {
  const auto address = [](auto* function) { return reinterpret_cast<const void*>(function); };
  static const std::array<const void*, static_cast<size_t>(RuntimeEntry::count)> table = {
      address(&RuntimeEntries::host_call),   address(&RuntimeEntries::memory_grow),
      address(&RuntimeEntries::memory_copy), address(&RuntimeEntries::memory_fill),
      address(&RuntimeEntries::memory_init), address(&RuntimeEntries::data_drop),
      address(&RuntimeEntries::table_get),   address(&RuntimeEntries::table_set),
      address(&RuntimeEntries::table_grow),  address(&RuntimeEntries::table_fill),
      address(&RuntimeEntries::table_copy),  address(&RuntimeEntries::table_init),
      address(&RuntimeEntries::elem_drop),   nullptr,
  };
  return table;
}

bool limits_match(uint64_t actual_min, uint64_t actual_max, bool has_max, const wasm::Limits& wanted) {
  return actual_min >= wanted.min && (!wanted.max || (has_max && actual_max <= *wanted.max));
}

}  // namespace

Host::Host(codegen::CompileOptions options)
    : options_(std::move(options)), thread_(new abi::ThreadContext{}) {
  install_handlers();
  auto signer = codegen::make_ephemeral_signing_key();
  signer_ = std::move(signer).value();
  null_function_.type_id = abi::kNullTypeId;
}

Host::~Host() {
  instances_.clear();
  for (const abi::MemoryDescriptor& memory : memories_) {
    std::erase(reservations, &memory);
    ::munmap(memory.base, kMemorySlotStride);
  }
}

uint64_t Host::null_of(wasm::ValueType type) const {
  return type == wasm::ValueType::funcref ? reinterpret_cast<uint64_t>(&null_function_) : 0;
}

uint32_t Host::type_id(const wasm::FunctionType& type) {
  const auto known = std::ranges::find(types_, type);
  if (known == types_.end()) {
    types_.push_back(type);
    return static_cast<uint32_t>(types_.size() - 1);
  }
  return static_cast<uint32_t>(known - types_.begin());
}

abi::MemoryDescriptor* Host::new_memory(const wasm::Limits& limits) {
  void* base =
      ::mmap(nullptr, kMemorySlotStride, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) std::abort();
  memories_.push_back({static_cast<uint8_t*>(base), uint64_t{limits.min} * wasm::page_size,
                       uint64_t{limits.max.value_or(wasm::max_pages)} * wasm::page_size, abi::kMemoryGuarded,
                       limits.max.has_value() ? 1U : 0U});
  commit(memories_.back());
  reservations.push_back(&memories_.back());
  return &memories_.back();
}

abi::TableDescriptor* Host::new_table(const wasm::TableType& type) {
  auto& elements = elements_.emplace_back(std::max(1U, type.limits.min), null_of(type.element));
  tables_.push_back({elements.data(), type.limits.min, type.limits.max.value_or(UINT32_MAX)});
  return &tables_.back();
}

void Host::add_function(const std::string& module, const std::string& field, wasm::FunctionType type,
                        HostFunction function) {
  const auto host = std::make_shared<HostContext>(abi::HostFunctionContext{}, std::move(function), type);
  host_functions_.push_back(host);
  host->context.header = {thread_.get(), runtime_table().data()};
  host->context.host_function = host.get();
  // The code is a host thunk of the importing module, which link() fills in.
  records_.push_back({nullptr, &host->context, type_id(type), 0, nullptr});
  Extern item;
  item.function = &records_.back();
  item.function_type = std::move(type);
  externs_[{module, field}] = std::move(item);
}

void Host::add_global(const std::string& module, const std::string& field, wasm::GlobalType type,
                      wasm::RawValue value) {
  globals_.push_back({value.low, value.high});
  Extern item;
  item.kind = wasm::ExternalKind::global;
  item.global = &globals_.back();
  item.global_type = type;
  externs_[{module, field}] = item;
}

void Host::add_table(const std::string& module, const std::string& field, uint32_t min, uint32_t max) {
  Extern item;
  item.kind = wasm::ExternalKind::table;
  item.table_type = {wasm::ValueType::funcref, {min, max}};
  item.table = new_table(item.table_type);
  externs_[{module, field}] = item;
}

void Host::add_memory(const std::string& module, const std::string& field, uint32_t min, uint32_t max) {
  Extern item;
  item.kind = wasm::ExternalKind::memory;
  item.memory = new_memory({min, max});
  externs_[{module, field}] = item;
}

Result<std::vector<uint8_t>> Host::compile(std::span<const uint8_t> wasm) const {
  return codegen::compile(wasm, options_, *signer_);
}

Result<Host::Instantiation> Host::instantiate(std::vector<uint8_t> wasm) {
  const std::vector<uint8_t> twm = TWINE_TRY(compile(wasm));
  return instantiate_compiled(std::move(wasm), twm);
}

Result<Host::Instantiation> Host::instantiate_compiled(std::vector<uint8_t> wasm,
                                                       std::span<const uint8_t> twm) {
  auto& instance = *instances_.emplace_back(std::make_unique<Instance>(*this, std::move(wasm)));
  TWINE_TRY(instance.load(twm));
  TWINE_TRY(instance.link());
  return Instantiation{&instance, instance.initialise()};
}

Outcome Host::call(const abi::FunctionRecord& function, const wasm::FunctionType& type,
                   const Values& arguments) {
  // Thunks are made by the module of the function; any of its type will do.
  const void* thunk = nullptr;
  for (const auto& instance : instances_) {
    for (uint32_t index = 0; thunk == nullptr && index < instance->thunks_.size(); ++index) {
      if (instance->module_.types[index] == type && instance->thunks_[index].entry != kNoCode) {
        thunk = instance->image_ + instance->thunks_[index].entry;
      }
    }
  }
  for (size_t index = 0; index < arguments.size(); ++index) {
    thread_->values[index] = {arguments[index].low, arguments[index].high};
  }
  Activation activation;
  Activation* outer = std::exchange(current, &activation);
  if (sigsetjmp(activation.out, 0) != 0) {
    current = outer;
    for (const auto& instance : instances_) {
      const uint64_t offset = activation.fault_pc - reinterpret_cast<uint64_t>(instance->image_);
      if (offset < instance->code_size_) {
        activation.trap.wasm_offset = instance->wasm_offset(static_cast<uint32_t>(offset));
      }
    }
    return activation.trap;
  }
  enter(thunk, function.context, function.code);
  current = outer;
  Values results;
  for (size_t index = 0; index < type.results.size(); ++index) {
    const bool narrow =
        type.results[index] == wasm::ValueType::i32 || type.results[index] == wasm::ValueType::f32;
    const abi::Value& slot = thread_->values[index];
    results.push_back({narrow ? static_cast<uint32_t>(slot.low) : slot.low,
                       type.results[index] == wasm::ValueType::v128 ? slot.high : 0});
  }
  return results;
}

Instance::~Instance() {
  if (image_ != nullptr) ::munmap(image_, image_size_);
}

Result<void> Instance::load(std::span<const uint8_t> twm) {
  module_ = TWINE_TRY(wasm::load(wasm_));
  TwmHeader header;
  std::memcpy(&header, twm.data(), sizeof header);
  std::vector<TwmSection> sections(header.section_count);
  std::memcpy(sections.data(), twm.data() + sizeof header, sections.size() * sizeof(TwmSection));
  const auto section = [&](TwmSectionKind kind) {
    const auto* found = std::ranges::find(sections, static_cast<uint32_t>(kind), &TwmSection::kind).base();
    return twm.subspan(found->offset, found->size);
  };
  const auto read = [&]<typename T>(TwmSectionKind kind, std::vector<T>& items) {
    const auto bytes = section(kind);
    items.resize(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(items.data(), bytes.data(), bytes.size());
  };
  std::vector<TwmImageLayout> layout;
  read(TwmSectionKind::layout, layout);
  read(TwmSectionKind::functions, functions_);
  read(TwmSectionKind::thunks, thunks_);
  read(TwmSectionKind::tails, tails_);
  read(TwmSectionKind::locations, locations_);
  code_size_ = layout[0].code_size;

  const auto image = section(TwmSectionKind::image);
  image_size_ = std::max<size_t>(image.size(), kPageSize);
  void* mapped = ::mmap(nullptr, image_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return fail(ErrorCode::out_of_memory, "cannot map compiled code");
  image_ = static_cast<uint8_t*>(mapped);
  std::ranges::copy(image, image_);
  if (code_size_ != 0) ::mprotect(image_, code_size_, PROT_READ | PROT_EXEC);
  return {};
}

Result<void> Instance::link() {
  layout_ = abi::ContextLayout::of({.imported_functions = module_.imported_functions,
                                    .memories = module_.memories.size(),
                                    .tables = module_.tables.size(),
                                    .globals = module_.globals.size(),
                                    .types = module_.types.size(),
                                    .functions = module_.functions.size()});
  context_ = std::make_unique<uint8_t[]>(layout_.size + 16);
  auto* context = at<abi::InstanceContext>(0);
  context->header = {host_.thread_.get(), runtime_table().data()};
  context->null_function = &host_.null_function_;
  context->instance = this;
  auto* records = at<abi::FunctionRecord>(layout_.functions);
  auto* memories = at<abi::MemoryDescriptor*>(layout_.memories);
  auto* tables = at<abi::TableDescriptor*>(layout_.tables);
  auto* globals = at<abi::Value>(layout_.globals);
  for (uint32_t type = 0; type < module_.types.size(); ++type) {
    at<uint32_t>(layout_.type_ids)[type] = host_.type_id(module_.types[type]);
  }

  for (const wasm::Import& import : module_.imports) {
    const auto found = host_.externs_.find({std::string(import.module), std::string(import.field)});
    const std::string name = std::string(import.module) + "." + std::string(import.field);
    if (found == host_.externs_.end()) return fail(ErrorCode::link, name + ": unknown import");
    const Extern& item = found->second;
    const auto mismatch = [&] { return fail(ErrorCode::link, name + ": incompatible import type"); };
    if (item.kind != import.kind) return mismatch();
    switch (import.kind) {
      case wasm::ExternalKind::function: {
        if (item.function_type != module_.function_type(import.index)) return mismatch();
        abi::FunctionRecord record = *item.function;
        if (record.code == nullptr)
          record.code = image_ + thunks_[module_.functions[import.index].type_index].host;
        records[import.index] = record;
        at<abi::ImportedFunction>(layout_.imported_functions)[import.index] = {record.code, record.context};
        break;
      }
      case wasm::ExternalKind::memory:
        if (!limits_match(item.memory->size_bytes / wasm::page_size, item.memory->max_bytes / wasm::page_size,
                          item.memory->reserved != 0, module_.memories[import.index].type.limits)) {
          return mismatch();
        }
        memories[import.index] = item.memory;
        break;
      case wasm::ExternalKind::table: {
        const wasm::TableType& wanted = module_.tables[import.index].type;
        if (item.table_type.element != wanted.element ||
            !limits_match(item.table->size, item.table->max, item.table_type.limits.max.has_value(),
                          wanted.limits)) {
          return mismatch();
        }
        tables[import.index] = item.table;
        break;
      }
      case wasm::ExternalKind::global:
        if (item.global_type != module_.globals[import.index].type) return mismatch();
        globals[import.index].low = reinterpret_cast<uint64_t>(item.global);
        break;
    }
  }
  for (uint32_t index = module_.imported_functions; index < module_.functions.size(); ++index) {
    records[index] = {image_ + functions_[index - module_.imported_functions], context,
                      host_.type_id(module_.function_type(index)), index, nullptr};
  }
  for (const TwmTail& tail : tails_) {
    records[tail.function].tail_code = image_ + tail.code;
  }
  for (uint32_t index = module_.imported_memories; index < module_.memories.size(); ++index) {
    memories[index] = host_.new_memory(module_.memories[index].type.limits);
  }
  if (!module_.memories.empty()) {
    context->memory0 = memories[0];
    context->memory0_base = memories[0]->base;
  }
  for (uint32_t index = module_.imported_tables; index < module_.tables.size(); ++index) {
    tables[index] = host_.new_table(module_.tables[index].type);
  }
  for (uint32_t index = module_.imported_globals; index < module_.globals.size(); ++index) {
    const wasm::RawValue value = TWINE_TRY(evaluate(module_.globals[index].initialiser));
    const bool is_reference = wasm::is_reference(module_.globals[index].type.value);
    globals[index] = {
        is_reference && value.low == 0 ? host_.null_of(module_.globals[index].type.value) : value.low,
        value.high};
  }
  dropped_data_.resize(module_.data.size());
  dropped_elements_.resize(module_.elements.size());
  return {};
}

Result<wasm::RawValue> Instance::evaluate(const wasm::ConstantExpression& expression) const {
  struct Context {
    const Instance& instance;
    [[nodiscard]] wasm::RawValue global(uint32_t index) const {
      const auto* slot = instance.at<abi::Value>(instance.layout_.globals) + index;
      if (index < instance.module_.imported_globals) slot = imported_global(*slot);
      return {slot->low, slot->high};
    }
    [[nodiscard]] wasm::RawValue function(uint32_t index) const {
      return {
          reinterpret_cast<uint64_t>(instance.at<abi::FunctionRecord>(instance.layout_.functions) + index),
          0};
    }
  };
  return wasm::evaluate(expression, Context{*this});
}

std::optional<Trap> Instance::initialise() {
  auto* context = at<abi::InstanceContext>(0);
  Activation activation;
  Activation* outer = std::exchange(current, &activation);
  if (sigsetjmp(activation.out, 0) != 0) {
    current = outer;
    return activation.trap;
  }
  for (uint32_t number = 0; number < module_.elements.size(); ++number) {
    const wasm::ElementSegment& segment = module_.elements[number];
    if (segment.mode == wasm::ElementSegment::Mode::active) {
      RuntimeEntries::table_init(segment.table, number, static_cast<uint32_t>(evaluate(segment.start)->low),
                                 0, static_cast<uint32_t>(segment.size()), context);
    }
    dropped_elements_[number] = segment.mode != wasm::ElementSegment::Mode::passive;
  }
  for (uint32_t number = 0; number < module_.data.size(); ++number) {
    const wasm::DataSegment& segment = module_.data[number];
    if (segment.mode != wasm::DataSegment::Mode::active) continue;
    RuntimeEntries::memory_init(segment.memory, number, static_cast<uint32_t>(evaluate(segment.start)->low),
                                0, static_cast<uint32_t>(segment.bytes.size()), context);
    dropped_data_[number] = true;
  }
  current = outer;
  if (!module_.start) return std::nullopt;
  const auto* record = at<abi::FunctionRecord>(layout_.functions) + *module_.start;
  const Outcome outcome = host_.call(*record, module_.function_type(*module_.start), {});
  if (const Trap* trap = std::get_if<Trap>(&outcome)) return *trap;
  return std::nullopt;
}

uint32_t Instance::wasm_offset(uint32_t code_offset) const {
  auto after = std::ranges::upper_bound(locations_, code_offset, {}, &TwmLocation::code_offset);
  return after == locations_.begin() ? 0 : std::prev(after)->wasm_offset;
}

std::optional<Extern> Instance::find_export(const std::string& field) {
  const wasm::Export* found = module_.find_export(field);
  if (found == nullptr) return std::nullopt;
  Extern item;
  item.kind = found->kind;
  const uint32_t index = found->index;
  switch (found->kind) {
    case wasm::ExternalKind::function:
      item.function = at<abi::FunctionRecord>(layout_.functions) + index;
      item.function_type = module_.function_type(index);
      break;
    case wasm::ExternalKind::memory:
      item.memory = at<abi::MemoryDescriptor*>(layout_.memories)[index];
      break;
    case wasm::ExternalKind::table:
      item.table = at<abi::TableDescriptor*>(layout_.tables)[index];
      item.table_type = module_.tables[index].type;
      break;
    case wasm::ExternalKind::global: {
      auto* slot = at<abi::Value>(layout_.globals) + index;
      item.global = index < module_.imported_globals ? imported_global(*slot) : slot;
      item.global_type = module_.globals[index].type;
      break;
    }
  }
  return item;
}

Outcome Instance::invoke(const std::string& field, const Values& arguments) {
  const std::optional<Extern> function = find_export(field);
  if (!function || function->kind != wasm::ExternalKind::function) {
    (void)std::fprintf(stderr, "no exported function '%s'\n", field.c_str());
    std::abort();
  }
  return host_.call(*function->function, function->function_type, arguments);
}

wasm::RawValue Instance::global(const std::string& field) {
  const std::optional<Extern> item = find_export(field);
  if (!item || item->global == nullptr) {
    (void)std::fprintf(stderr, "no exported global '%s'\n", field.c_str());
    std::abort();
  }
  return {item->global->low, item->global->high};
}

std::span<uint8_t> Instance::memory() {
  const abi::MemoryDescriptor* memory = at<abi::InstanceContext>(0)->memory0;
  return {memory->base, memory->size_bytes};
}

std::vector<uint8_t> assemble(const std::string& wat) {
  std::string directory = "/tmp/twine-wat.XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) std::abort();
  const std::string source = directory + "/module.wat";
  const std::string target = directory + "/module.wasm";
  std::ofstream(source) << wat;
  // The text is the test's own.
  const std::string command = "wat2wasm " + source + " -o " + target;
  const bool assembled = std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c)
  std::ifstream input(target, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  ::unlink(source.c_str());
  ::unlink(target.c_str());
  ::rmdir(directory.c_str());
  if (!assembled) std::abort();
  return {bytes.begin(), bytes.end()};
}

}  // namespace twine::test

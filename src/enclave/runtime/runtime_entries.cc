// The runtime entries. Each runs on the runtime stack, called from its stub in trampolines.S with the guest's
// arguments in the registers of the System V convention and the caller's context in R13, which is swiftcall's
// context register.
//
// An entry that traps abandons its own frame (guest_thread.h): nothing here owns anything when it raises.
#include "enclave/runtime/runtime_entries.h"

#include <array>
#include <span>
#include <utility>

#include "common/abi.h"
#include "enclave/hostcall/exchange.h"
#include "enclave/platform/platform.h"
#include "enclave/runtime/bulk.h"
#include "enclave/runtime/guest_thread.h"
#include "enclave/runtime/instance.h"
#include "enclave/runtime/store.h"
#include "enclave/wasi/host_function.h"

using twine::abi::HostFunctionContext;
using twine::abi::InstanceContext;
using twine::enclave::Instance;

// Guest convention: arguments as in C, `context` in R13.
// NOLINTBEGIN(bugprone-macro-parentheses): they build declarations, in which parentheses would be wrong
#define TWINE_ENTRY(result, name, ...) __attribute__((swiftcall)) result twine_entry_##name(__VA_ARGS__)
#define TWINE_CONTEXT(type) __attribute__((swift_context)) type* context
// NOLINTEND(bugprone-macro-parentheses)

namespace twine::enclave {
namespace {

Instance& caller(InstanceContext* context) {
  return Instance::from(*context);
}

void trap_unless(const TrapOr& outcome) {
  if (!outcome) raise_trap(outcome.error());
}

uint64_t& element(TableInstance& table, uint32_t index) {
  const std::span<uint64_t> elements = table.elements();
  if (index >= elements.size()) raise_trap(abi::TrapKind::out_of_bounds_table_access);
  return elements[index];
}

HostOutcome call_host_function(HostFunctionContext* context) {
  // context is the first member of its binding.
  const auto& binding = *reinterpret_cast<const HostBinding*>(context);
  const auto& function = *static_cast<const HostFunction*>(context->host_function);
  Instance& instance = Instance::from(*static_cast<InstanceContext*>(context->instance));
  HostCallFrame frame{.values = std::span(context->header.thread->values).first(binding.value_count),
                      .memory = GuestMemory(instance.memory0()),
                      .wasi = instance.store().wasi()};
  return function.call(frame);
}

}  // namespace
}  // namespace twine::enclave

using namespace twine::enclave;  // NOLINT(google-build-using-namespace): entries have C names and live
                                 // outside

extern "C" {

TWINE_ENTRY(void, host_call, TWINE_CONTEXT(HostFunctionContext)) {
  static_cast<void>(twine::hostcall::take_interruption());  // of a call for the runtime's own ends
  const twine::HostOutcome outcome = call_host_function(context);
  // The host broke off what the guest waited for.
  if (twine::hostcall::take_interruption() && is_interruptible())
    raise_trap(twine::abi::TrapKind::interrupted);
  switch (outcome.kind) {
    case twine::HostOutcome::Kind::returned:
      return;
    case twine::HostOutcome::Kind::trapped:
      raise_trap(outcome.trap);
    case twine::HostOutcome::Kind::exited:
      raise_exit(outcome.exit_code);
  }
  std::unreachable();
}

TWINE_ENTRY(uint32_t, memory_grow, uint32_t memory, uint32_t delta, TWINE_CONTEXT(InstanceContext)) {
  return memory_grow(caller(context).memory(memory), delta);
}

TWINE_ENTRY(void, memory_copy, uint32_t to, uint32_t from, uint32_t to_address, uint32_t from_address,
            uint32_t size, TWINE_CONTEXT(InstanceContext)) {
  const Instance& instance = caller(context);
  trap_unless(memory_copy(instance.memory(to), instance.memory(from), to_address, from_address, size));
}

TWINE_ENTRY(void, memory_fill, uint32_t memory, uint32_t address, uint32_t value, uint32_t size,
            TWINE_CONTEXT(InstanceContext)) {
  trap_unless(memory_fill(caller(context).memory(memory), address, static_cast<uint8_t>(value), size));
}

TWINE_ENTRY(void, memory_init, uint32_t memory, uint32_t segment, uint32_t address, uint32_t from,
            uint32_t size, TWINE_CONTEXT(InstanceContext)) {
  Instance& instance = caller(context);
  trap_unless(memory_init(instance.memory(memory), instance.data_segment(segment), address, from, size));
}

TWINE_ENTRY(void, data_drop, uint32_t segment, TWINE_CONTEXT(InstanceContext)) {
  caller(context).data_segment(segment) = {};
}

TWINE_ENTRY(uint64_t, table_get, uint32_t table, uint32_t index, TWINE_CONTEXT(InstanceContext)) {
  return element(caller(context).table(table), index);
}

TWINE_ENTRY(void, table_set, uint32_t table, uint32_t index, uint64_t reference,
            TWINE_CONTEXT(InstanceContext)) {
  element(caller(context).table(table), index) = reference;
}

TWINE_ENTRY(uint32_t, table_grow, uint32_t table, uint64_t reference, uint32_t count,
            TWINE_CONTEXT(InstanceContext)) {
  TableInstance& instance = caller(context).table(table);
  const uint32_t old_size = instance.descriptor.size;
  return instance.grow(count, reference) ? old_size : UINT32_MAX;
}

TWINE_ENTRY(void, table_fill, uint32_t table, uint32_t index, uint64_t reference, uint32_t count,
            TWINE_CONTEXT(InstanceContext)) {
  trap_unless(table_fill(caller(context).table(table), index, reference, count));
}

TWINE_ENTRY(void, table_copy, uint32_t to, uint32_t from, uint32_t to_index, uint32_t from_index,
            uint32_t count, TWINE_CONTEXT(InstanceContext)) {
  const Instance& instance = caller(context);
  trap_unless(table_copy(instance.table(to), instance.table(from), to_index, from_index, count));
}

TWINE_ENTRY(void, table_init, uint32_t table, uint32_t segment, uint32_t index, uint32_t from, uint32_t count,
            TWINE_CONTEXT(InstanceContext)) {
  Instance& instance = caller(context);
  trap_unless(table_init(instance.table(table), instance.element_segment(segment), index, from, count));
}

TWINE_ENTRY(void, elem_drop, uint32_t segment, TWINE_CONTEXT(InstanceContext)) {
  caller(context).element_segment(segment) = {};
}

// Nothing sets ThreadContext::interrupt, so only code that broke the ABI comes here.
TWINE_ENTRY(void, interrupted, TWINE_CONTEXT(InstanceContext)) {
  (void)context;
  panic("compiled code asked to be interrupted, which no version 1 code does");
}

// The stubs (trampolines.S); never called from C++, only pointed to.
void twine_runtime_host_call();
void twine_runtime_memory_grow();
void twine_runtime_memory_copy();
void twine_runtime_memory_fill();
void twine_runtime_memory_init();
void twine_runtime_data_drop();
void twine_runtime_table_get();
void twine_runtime_table_set();
void twine_runtime_table_grow();
void twine_runtime_table_fill();
void twine_runtime_table_copy();
void twine_runtime_table_init();
void twine_runtime_elem_drop();
void twine_runtime_interrupted();

}  // extern "C"

namespace twine::enclave {
namespace {

// In the order of RuntimeEntry. Constant-initialised: there is no first call to make it.
constexpr std::array<void (*)(), std::to_underlying(abi::RuntimeEntry::count)> stubs = {
    twine_runtime_host_call,   twine_runtime_memory_grow, twine_runtime_memory_copy,
    twine_runtime_memory_fill, twine_runtime_memory_init, twine_runtime_data_drop,
    twine_runtime_table_get,   twine_runtime_table_set,   twine_runtime_table_grow,
    twine_runtime_table_fill,  twine_runtime_table_copy,  twine_runtime_table_init,
    twine_runtime_elem_drop,   twine_runtime_interrupted};

}  // namespace

const void* const* runtime_entry_table() {
  return reinterpret_cast<const void* const*>(stubs.data());
}

}  // namespace twine::enclave

// Entering guest code, and leaving it by a trap.
#include "enclave/runtime/guest_thread.h"

#include <bit>
#include <cstddef>
#include <utility>

#include "enclave/memory/pages.h"
#include "enclave/platform/platform.h"
#include "enclave/runtime/backtrace.h"

// The current thread's context, for trampolines.S. Outside of namespaces, so that assembly can name it.
extern "C" {
constinit thread_local twine::abi::ThreadContext* twine_current_thread = nullptr;
uint64_t twine_enter_guest(void* context, const void* code, const void* entry_thunk);
[[noreturn]] void twine_leave_guest();
}

namespace twine::enclave {
namespace {

// trampolines.S has these numbers.
static_assert(offsetof(abi::ThreadContext, runtime_rsp) == 0);
static_assert(offsetof(abi::ThreadContext, guest_rsp) == 8);
static_assert(offsetof(abi::ThreadContext, activation) == 48);
static_assert(offsetof(Activation, outer_activation) == 0 && offsetof(Activation, outer_guest_rsp) == 8 &&
              offsetof(Activation, outer_runtime_rsp) == 16);
static_assert(offsetof(GuestThread, context) == 0);

GuestThread* current_thread() {
  return reinterpret_cast<GuestThread*>(twine_current_thread);
}

[[noreturn]] void leave_with_trap(GuestThread& thread, abi::TrapKind kind, GuestPosition position) {
  thread.trap = {.kind = kind, .message = std::string(trap_message(kind)), .frames = {}, .frames_omitted = 0};
  capture_backtrace(thread, position, thread.trap);
  twine_leave_guest();
}

// Phase 2 of a fault: the guest "called" this from where it trapped, on the runtime's stack.
[[noreturn]] void land_on_runtime_stack() {
  GuestThread& thread = *current_thread();
  leave_with_trap(thread, thread.fault.kind,
                  {.rip = thread.fault.rip, .rsp = thread.fault.rsp, .is_return_address = false});
}

// The trap instruction, ud1 kind(%eax), %eax: 67 0F B9 40 kind. Read byte by byte and no further than it goes
// on matching: what the processor had to fetch to raise #UD is there, what is behind may not be.
bool decode_trap_instruction(uint64_t rip, abi::TrapKind& kind) {
  const auto* code = std::bit_cast<const volatile uint8_t*>(rip);
  if (code[0] != 0x67 || code[1] != 0x0F || code[2] != 0xB9 || code[3] != 0x40) return false;
  const uint8_t immediate = code[4];
  kind = static_cast<abi::TrapKind>(immediate);
  return (immediate >= std::to_underlying(abi::TrapKind::unreachable) &&
          immediate <= std::to_underlying(abi::TrapKind::indirect_call_type_mismatch)) ||
         kind == abi::TrapKind::fuel_exhausted;
}

}  // namespace

FaultAction handle_guest_fault(const Fault& fault, RegisterState& registers) {
  GuestThread* thread = current_thread();
  if (thread == nullptr || thread->context.activation == 0) return FaultAction::die;
  switch (fault.kind) {
    case FaultKind::invalid_opcode:
      if (!decode_trap_instruction(fault.rip, thread->fault.kind)) return FaultAction::die;
      break;
    case FaultKind::linear_memory:
      thread->fault.kind = abi::TrapKind::out_of_bounds_memory_access;
      break;
    case FaultKind::guest_stack_overflow:
      thread->fault.kind = abi::TrapKind::call_stack_exhausted;
      break;
    case FaultKind::interrupt:
      if (!thread->interruptible) return FaultAction::die;
      thread->fault.kind = abi::TrapKind::interrupted;
      break;
    case FaultKind::arithmetic:
    case FaultKind::other_access:
      return FaultAction::die;
  }
  thread->fault.rip = fault.rip;
  thread->fault.rsp = registers.rsp;
  registers.rip = reinterpret_cast<uint64_t>(&land_on_runtime_stack);
  registers.rsp = thread->context.runtime_rsp - sizeof(uint64_t);  // aligned as after a call
  return FaultAction::resume;
}

CallEnd call(GuestThread& thread, const abi::FunctionRecord& function, const void* entry_thunk) {
  thread.exit_code = 0;
  thread.trap = {};
  thread.has_exited = false;
  if (twine_enter_guest(function.context, function.code, entry_thunk) == 0) return CallEnd::returned;
  return thread.has_exited ? CallEnd::exited : CallEnd::trapped;
}

void raise_trap(abi::TrapKind kind) {
  GuestThread& thread = *current_thread();
  // The guest stands behind its call of the runtime stub, whose return address is on top of its stack.
  const uint64_t rsp = thread.context.guest_rsp;
  leave_with_trap(thread, kind,
                  {.rip = *std::bit_cast<const uint64_t*>(rsp),
                   .rsp = rsp + sizeof(uint64_t),
                   .is_return_address = true});
}

bool is_interruptible() {
  return current_thread()->interruptible;
}

void raise_exit(uint32_t code) {
  GuestThread& thread = *current_thread();
  thread.exit_code = code;
  thread.has_exited = true;
  twine_leave_guest();
}

void adopt(GuestThread& thread) {
  const AddressRange stack = guest_stack();
  thread.context.guest_stack_low = stack.begin;
  thread.context.guest_stack_high = stack.end;
  thread.context.guest_rsp = stack.end;
  twine_current_thread = &thread.context;
  set_guest_fault_handler(handle_guest_fault);
}

void abandon() {
  twine_current_thread = nullptr;
}

}  // namespace twine::enclave

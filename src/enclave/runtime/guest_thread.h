// The thread on which guest code runs: its context, how it is entered, and how it is left when it traps.
//
//   enclave_main               on the runtime stack
//    └ call()
//       └ twine_enter_guest     saves the callee-saved registers and an Activation, moves to the guest stack
//          └ entry thunk        on the guest stack: compiled code, until it returns, or meets
//             ├ a runtime stub  moves to the runtime stack, below the Activation: host call, memory.grow, …
//             │  └ call()       from there the guest can be entered again, below its own frames
//             ├ a trap instruction: #UD
//             └ a fault: #PF
//
// A trap ends the innermost call(): a fault makes the fault handler redirect the guest to
// land_on_runtime_stack, a runtime entry calls raise_trap; both record the backtrace while the guest's frames
// still stand, and go back to twine_enter_guest's caller. Frames of the runtime between the two are
// abandoned, so a runtime entry must own nothing when it raises.
#pragma once

#include <cstdint>

#include "common/abi.h"
#include "common/manifest.h"
#include "enclave/platform/fault.h"

namespace twine::enclave {

class Store;

// What twine_enter_guest leaves on the runtime stack; ThreadContext::activation points to the innermost one.
struct Activation {
  uint64_t outer_activation;  // 0: there is none
  uint64_t
      outer_guest_rsp;  // where the guest stands in a runtime entry of the outer activation, if there is one
  uint64_t outer_runtime_rsp;
};

struct GuestThread {
  abi::ThreadContext context{};
  Store* store = nullptr;
  bool interruptible = false;  // the launch has a timeout
  int64_t fuel = 0;            // what the context had at the start
  // Written by the fault handler, read when the guest has landed on the runtime stack.
  struct {
    abi::TrapKind kind;
    uint64_t rip;
    uint64_t rsp;
  } fault{};
  TrapReport trap;          // of the last call that trapped
  bool has_exited = false;  // the last call ended with proc_exit
  uint32_t exit_code = 0;
};

enum class CallEnd : uint8_t { returned, trapped, exited };

// Calls a function: `code` in the guest convention and its context, by `entry_thunk` of its type. Arguments
// stand in ThreadContext::values, and so do the results afterwards. On CallEnd::trapped GuestThread::trap
// tells how, on CallEnd::exited GuestThread::exit_code.
[[nodiscard]] CallEnd call(GuestThread& thread, const abi::FunctionRecord& function, const void* entry_thunk);

// For runtime entries: ends the guest's call with a trap, or with an exit.
[[noreturn]] void raise_trap(abi::TrapKind kind);
[[noreturn]] void raise_exit(uint32_t code);
// Whether the launch has a timeout, so that the host may end the guest.
bool is_interruptible();

// Makes this the guest thread of the calling thread, on its guest stack, and traps of guest code the
// runtime's business.
void adopt(GuestThread& thread);
// Undoes it; the GuestThread may go then.
void abandon();

// Phase 1 of a fault of guest code (platform/fault.h); adopt() registers it.
FaultAction handle_guest_fault(const Fault& fault, RegisterState& registers);

}  // namespace twine::enclave

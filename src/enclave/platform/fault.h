// Faults of guest code, as the runtime sees them.
//
// When an instruction in the code region faults and the page ledger cannot mend it, the platform calls the
// one registered handler, in phase 1: on the exception stack, with the guest interrupted. The handler must be
// short: it takes no lock, allocates nothing and touches neither linear memory nor the guest stack. To raise
// a trap it rewrites the interrupted registers, so that, when the guest is resumed, execution goes on in
// phase 2: ordinary code of the runtime, on the stack that the handler put into RSP. DF, AC and TF are
// cleared whenever RIP was changed.
#pragma once

#include <cstdint>

namespace twine::enclave {

// The general registers of the interrupted code.
struct RegisterState {
  uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rflags, rip;
};

enum class FaultKind : uint8_t {
  invalid_opcode,        // #UD; a trap instruction (ud1) raises it
  linear_memory,         // access in a memory slot, beyond the size of its memory
  guest_stack_overflow,  // access in the guard below this thread's guest stack
  arithmetic,            // #DE, #MF or #XM: verified code raises none of them
  other_access,          // #PF or #GP anywhere else
  interrupt,             // no fault: the host wants the guest to end; `die` means that it goes on
};

struct Fault {
  FaultKind kind;
  uint64_t rip;
  uint64_t address;  // what was accessed; 0 if the processor did not tell
};

enum class FaultAction : uint8_t {
  resume,  // go on with the (possibly rewritten) registers
  die,     // not a fault a guest can cause: the enclave aborts
};

using GuestFaultHandler = FaultAction (*)(const Fault& fault, RegisterState& registers);

// Called once by the runtime before any guest code runs. Without a handler every such fault aborts the
// enclave.
void set_guest_fault_handler(GuestFaultHandler handler);

}  // namespace twine::enclave

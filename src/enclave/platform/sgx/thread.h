// The thread control block: what the enclave knows about the thread that runs, at FS:0 and GS:0.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/entry.h"
#include "common/sgx/arch.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/sgx/thread_offsets.h"
#include "enclave/start/layout.h"

namespace twine::enclave {

// A thread goes idle → running at `start`; running → in_host_call at a host call; in_host_call → running at
// `host_call_done`; running → idle when it leaves with `finished` or `not_ready`. entry.S alone moves it.
enum class ThreadState : uint64_t { idle = 0, running = 1, in_host_call = 2 };

// What the host did at EENTER that the protocol of common/entry.h does not allow.
enum class EntryViolation : uint64_t { not_idle = 1, no_host_call = 2, bad_reason = 3, not_an_exception = 4 };

// Lies at the start of the TCB page, which is measured and so zero at first.
struct ThreadControlBlock {
  ThreadControlBlock* self;  // 0x00  FS:0, as the psABI's TLS model has it
  uint64_t tcs;              // 0x08
  ThreadState state;         // 0x10
  uint64_t host_call_rsp;    // 0x18  the runtime's stack while in a host call
  uint64_t level;   // 0x20  CSSA of the entry that runs: 0 ordinary, 1 handler, 2 fault in the handler
  uint64_t canary;  // 0x28  stack protector, FS:0x28
  std::array<uint64_t, 3>
      exit_address;  // 0x30  where EEXIT goes, a level: RCX of the EENTER, which the processor set
  Arena arena;       // 0x48
  uint64_t spurious_fault_page;  // 0x58  page of the last #PF that found everything in order; + 1, 0: none
};
static_assert(offsetof(ThreadControlBlock, self) == TWINE_TCB_SELF);
static_assert(offsetof(ThreadControlBlock, state) == TWINE_TCB_STATE);
static_assert(offsetof(ThreadControlBlock, host_call_rsp) == TWINE_TCB_HOST_CALL_RSP);
static_assert(offsetof(ThreadControlBlock, level) == TWINE_TCB_LEVEL);
static_assert(offsetof(ThreadControlBlock, canary) == TWINE_TCB_CANARY);
static_assert(offsetof(ThreadControlBlock, exit_address) == TWINE_TCB_EXIT_ADDRESS);
static_assert(sizeof(ThreadControlBlock) <= kPageSize);

static_assert(TWINE_SSA_FRAME_SIZE == kImage.ssa_frame_pages * kPageSize &&
              TWINE_THREAD_SSA == kThreadBlock.ssa);
static_assert(TWINE_THREAD_TCB == kThreadBlock.tcb);
static_assert(TWINE_THREAD_NESTED_STACK_TOP == kThreadBlock.exception_stack + kImage.exception_stack_size);
static_assert(TWINE_THREAD_EXCEPTION_STACK_TOP == TWINE_THREAD_NESTED_STACK_TOP - kNestedStackSize);
static_assert(TWINE_THREAD_RUNTIME_STACK_TOP == kThreadBlock.runtime_stack + kImage.runtime_stack_size);
static_assert(TWINE_STATE_IDLE == uint64_t(ThreadState::idle) &&
              TWINE_STATE_RUNNING == uint64_t(ThreadState::running) &&
              TWINE_STATE_IN_HOST_CALL == uint64_t(ThreadState::in_host_call));
static_assert(TWINE_ENTER_START == uint64_t(EnterReason::start) &&
              TWINE_ENTER_HOST_CALL_DONE == uint64_t(EnterReason::host_call_done) &&
              TWINE_ENTER_HANDLE_EXCEPTION == uint64_t(EnterReason::handle_exception));
static_assert(TWINE_EXIT_HOST_CALL == uint64_t(ExitReason::host_call) &&
              TWINE_EXIT_FINISHED == uint64_t(ExitReason::finished) &&
              TWINE_EXIT_RESUME == uint64_t(ExitReason::resume) &&
              TWINE_EXIT_DEAD == uint64_t(ExitReason::dead) &&
              TWINE_EXIT_STARVED == uint64_t(ExitReason::starved) &&
              TWINE_EXIT_NOT_READY == uint64_t(ExitReason::not_ready));
static_assert(TWINE_VIOLATION_NOT_IDLE == uint64_t(EntryViolation::not_idle) &&
              TWINE_VIOLATION_NO_HOST_CALL == uint64_t(EntryViolation::no_host_call) &&
              TWINE_VIOLATION_BAD_REASON == uint64_t(EntryViolation::bad_reason) &&
              TWINE_VIOLATION_NOT_AN_EXCEPTION == uint64_t(EntryViolation::not_an_exception));

// The block of the thread that runs. GS is reloaded from the TCS at every EENTER and ERESUME, and nothing
// inside changes it.
[[nodiscard]] inline ThreadControlBlock& this_thread() {
  ThreadControlBlock* block;
  asm("movq %%gs:0, %0" : "=r"(block));
  return *block;
}

[[nodiscard]] inline uint64_t thread_block_base(const ThreadControlBlock& thread) {
  return reinterpret_cast<uint64_t>(&thread) - kThreadBlock.tcb;
}

// --- entry.S -------------------------------------------------------------------------------------------------------

extern "C" {
// Where every EENTER arrives.
void enclave_entry();

// platform.h's exit_host_call().
void twine_exit_host_call();

// Leaves for good. `value` goes to the host in RSI.
[[noreturn]] void twine_exit(ExitReason reason, int64_t value);

// Set once by panic(), read at every entry and exit.
extern uint32_t twine_aborted;

// Which state XRSTOR cleanses at entry and exit: XFRM, once it is known.
extern uint64_t twine_extended_state;

// --- called by entry.S ---

[[noreturn]] void twine_start(ThreadControlBlock* thread, uint64_t arena_address, uint64_t arena_size);
void twine_handle_exception(ThreadControlBlock* thread);
[[noreturn]] void twine_handle_nested_exception(ThreadControlBlock* thread);
[[noreturn]] void twine_entry_violation(EntryViolation violation);
}

}  // namespace twine::enclave

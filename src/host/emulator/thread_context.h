// What the trap layer keeps for each host thread that has entered an enclave, and the alternate stack its
// signals run on.
//
// A signal that arrives in enclave mode comes with the enclave's FS base: until the host's is back, no
// thread-local variable may be touched, so the thread's context is found through the alternate stack that the
// kernel notes in the signal frame (uc_stack.ss_sp). The entry stub (trap_entry.S) walks the list of contexts
// for it, restores FS and GS, and only then calls C++.
#pragma once

#include <ucontext.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

#include "host/emulator/processor.h"
#include "host/emulator/text_patches.h"

namespace twine::host::emulator {

struct ThreadContext {
  // Read and written by trap_entry.S, at the offsets asserted below.
  uint64_t in_enclave = 0;  // the thread is in enclave mode: FS and GS are the enclave's
  uint64_t enclave_fs = 0;  // stored when a signal interrupts the enclave, loaded before returning to it
  uint64_t enclave_gs = 0;
  uint64_t host_fs = 0;  // as at EENTER or ERESUME
  uint64_t host_gs = 0;
  uint64_t stack = 0;  // ss_sp of the alternate stack
  ThreadContext* next = nullptr;
  uint64_t selector = 0;  // Syscall User Dispatch: 1 = block, in its lowest byte

  Processor processor;
  bool taken = false;       // by a living thread; contexts outlive threads and are used again
  stack_t program_stack{};  // what the program believes its alternate stack to be
  // A patched instruction whose original bytes stand in memory while its exception is handled.
  const TextPatches::Site* revealed = nullptr;
  uint32_t revealed_cssa = 0;  // TCS.CSSA while the exception at `revealed` is being handled
};

// Offsets for the assembler (trap_entry.S).
static_assert(offsetof(ThreadContext, in_enclave) == 0 && offsetof(ThreadContext, enclave_fs) == 8 &&
              offsetof(ThreadContext, enclave_gs) == 16 && offsetof(ThreadContext, host_fs) == 24 &&
              offsetof(ThreadContext, host_gs) == 32 && offsetof(ThreadContext, stack) == 40 &&
              offsetof(ThreadContext, next) == 48 && offsetof(ThreadContext, selector) == 56);

// The calling thread's context; on the first call of a thread sets up its alternate stack and Syscall User
// Dispatch (if `confine_system_calls`). Within a signal handler `frame` is the handler's, whose return installs the
// stack. Null when there is no memory.
[[nodiscard]] ThreadContext* this_thread_context(bool confine_system_calls, ucontext_t* frame = nullptr);

// sigaltstack(2) for the program: the kernel's until the thread has a context, afterwards what it sets is only
// remembered, because signals must go on arriving on the emulator's stack. 0, or -1 with errno.
int set_alternate_stack(const stack_t* stack, stack_t* previous);

// After fork(2), in the child: only the calling thread is left, and Syscall User Dispatch is off.
void restore_threads_after_fork();

}  // namespace twine::host::emulator

// Head of the list of contexts; entries are added at the front and never removed.
extern "C" twine::host::emulator::ThreadContext* twine_emulator_threads;

// The assembler half of the trap layer (trap_entry.S), as C++ sees it.
#pragma once

#include <asm/sgx.h>

#include <csignal>
#include <cstdint>

namespace twine::host::emulator {
struct ThreadContext;
}

extern "C" {
// What every signal that the emulator handles enters; never called. It calls twine_emulator_trap with the
// host's FS and GS, and completes by rt_sigreturn itself, after loading those of the enclave if the thread
// goes (back) there.
void twine_emulator_signal_entry(int signal, siginfo_t* info, void* context);

// The emulator's __vdso_sgx_enter_enclave.
int twine_emulator_enter_enclave(unsigned long rdi, unsigned long rsi, unsigned long rdx,
                                 unsigned int function, unsigned long r8, unsigned long r9,
                                 sgx_enclave_run* run);

// Labels in it: the trap that stands for its ENCLU, which is also the AEP; and where exceptions are reported
// from, with EAX = leaf, RDI = vector, RSI = error code, RDX = address.
extern const char twine_emulator_enclu;
extern const char twine_emulator_exception;
// Its end: the bytes before are position independent, and work wherever they are copied.
extern const char twine_emulator_enter_end;

// Bounds of the text from which system calls may be made while the thread's selector says block.
extern const char twine_emulator_trap_text;
extern const char twine_emulator_trap_text_end;

// The C++ half. `thread` is null on threads that never entered an enclave. Returns the thread's context, which a
// first entry by foreign code makes here.
twine::host::emulator::ThreadContext* twine_emulator_trap(int signal, siginfo_t* info, ucontext_t* context,
                                                          twine::host::emulator::ThreadContext* thread);
}

namespace twine::host::emulator {

inline constexpr uint64_t kEncluSize = 3;  // bytes of ENCLU, and of the trap that stands for it

// Makes a copy of twine_emulator_enter_enclave at `address` known to the trap layer. One a process, before it
// is first called.
void register_entry_function(uint64_t address);

// Asked about signals in host code that are not the emulator's: true when it has dealt with one and the thread
// goes on as `context` says. One a process; libtwine-sgx.so answers CPUID by it.
using HostTrapHook = bool (*)(int signal, const siginfo_t& info, ucontext_t& context);
void set_host_trap_hook(HostTrapHook hook);

}  // namespace twine::host::emulator

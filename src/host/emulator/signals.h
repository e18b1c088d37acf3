// Ownership of the process's signal handlers.
//
// The emulator must see every signal first, because one that arrives in enclave mode must become an
// asynchronous exit before any other code runs. It installs its entry for the six signals that faults raise,
// and for every signal the program handles; the program's own actions are kept in a table and run from ours
// with the state a kernel would show them: at the AEP, with the host's FS.
#pragma once

#include <csignal>

namespace twine::host::emulator {

// Installs the emulator's entry and adopts the actions that are set now. Once a process; further calls do
// nothing.
void install_signal_handlers();

// sigaction(2) for the program, once the emulator owns the handlers.
int set_signal_action(int signal, const struct sigaction* action, struct sigaction* previous);

// pthread_sigmask(3) for the program: as it asks, but for the signals that faults raise, which the kernel never
// sees blocked: a blocked one would kill the process at the next ENCLU. What the program believes is kept for each
// thread, and one of them that another process or thread sends while it is blocked waits until it no longer is.
// 0 or an errno.
int set_signal_mask(int how, const sigset_t* set, sigset_t* previous);

// Runs the program's action for a signal that is not the emulator's business. Called by the trap layer on the
// way out, with the thread outside.
void run_program_action(int signal, siginfo_t* info, ucontext_t* context);

}  // namespace twine::host::emulator

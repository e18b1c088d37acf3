#include "host/emulator/signals.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "host/emulator/trap_entry.h"

namespace twine::host::emulator {
namespace {

constexpr int kSignals = 64;
constexpr std::array kFaultSignals = {SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP, SIGSYS};

// struct sigaction as the kernel has it. glibc's wrapper would leave its two internal signals out of the
// mask.
struct KernelSigaction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};
constexpr unsigned long kSaRestorer = 0x04000000;

// Bit N: signal N.
constinit thread_local uint64_t blocked_faults = 0;
constinit thread_local uint64_t waiting_faults = 0;

std::array<struct sigaction, kSignals + 1> program_actions{};
std::once_flag installed;

bool is_fault_signal(int signal) {
  for (const int each : kFaultSignals) {
    if (each == signal) return true;
  }
  return false;
}

bool has_handler(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

// Never reached: the entry stub makes the system call itself. The kernel insists on having one.
[[noreturn]] void restorer() {
  __builtin_trap();
}

int install_entry(int signal, int program_flags) {
  KernelSigaction action{};
  action.handler = twine_emulator_signal_entry;
  action.flags = SA_SIGINFO | SA_ONSTACK | kSaRestorer |
                 (static_cast<unsigned long>(program_flags) & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT));
  action.restorer = restorer;
  action.mask = ~0UL;
  return static_cast<int>(syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask));
}

}  // namespace

void install_signal_handlers() {
  std::call_once(installed, [] {
    for (int signal = 1; signal <= kSignals; ++signal) {
      struct sigaction& action = program_actions[static_cast<size_t>(signal)];
      struct sigaction now{};
      // Fails for the two signals that glibc keeps to itself; SIGKILL and SIGSTOP can have no handler.
      if (sigaction(signal, nullptr, &now) != 0) continue;
      // set_signal_action may have been called before.
      if (now.sa_sigaction != twine_emulator_signal_entry) action = now;
      if (is_fault_signal(signal) || has_handler(action)) install_entry(signal, action.sa_flags);
    }
  });
}

int set_signal_action(int signal, const struct sigaction* action, struct sigaction* previous) {
  if (signal < 1 || signal > kSignals || signal == SIGKILL || signal == SIGSTOP) {
    errno = EINVAL;
    return -1;
  }
  struct sigaction& kept = program_actions[static_cast<size_t>(signal)];
  if (previous != nullptr) *previous = kept;
  if (action == nullptr) return 0;
  kept = *action;
  if (is_fault_signal(signal)) return 0;
  return has_handler(*action) ? install_entry(signal, action->sa_flags) : sigaction(signal, action, nullptr);
}

namespace {

uint64_t fault_bits(const sigset_t& set) {
  uint64_t bits = 0;
  for (const int each : kFaultSignals) bits |= sigismember(&set, each) == 1 ? uint64_t{1} << each : 0;
  return bits;
}

// What was sent while it was blocked, and is not any more.
void release_waiting() {
  for (const int each : kFaultSignals) {
    const uint64_t bit = uint64_t{1} << each;
    if ((waiting_faults & ~blocked_faults & bit) == 0) continue;
    waiting_faults &= ~bit;
    syscall(SYS_tgkill, getpid(), gettid(), each);
  }
}

}  // namespace

int set_signal_mask(int how, const sigset_t* set, sigset_t* previous) {
  const uint64_t believed = blocked_faults;
  sigset_t wanted{};
  if (set != nullptr) {
    wanted = *set;
    for (const int each : kFaultSignals) sigdelset(&wanted, each);
  }
  const int result = pthread_sigmask(how, set == nullptr ? nullptr : &wanted, previous);
  if (result != 0) return result;
  if (previous != nullptr) {
    for (const int each : kFaultSignals) {
      if ((believed >> each & 1) != 0) sigaddset(previous, each);
    }
  }
  if (set == nullptr) return 0;
  const uint64_t bits = fault_bits(*set);
  blocked_faults = how == SIG_BLOCK ? believed | bits : how == SIG_UNBLOCK ? believed & ~bits : bits;
  release_waiting();
  return 0;
}

void run_program_action(int signal, siginfo_t* info, ucontext_t* context) {
  if (info->si_code <= 0 && (blocked_faults >> signal & 1) != 0) {
    waiting_faults |= uint64_t{1} << signal;
    return;
  }
  const struct sigaction action = program_actions[static_cast<size_t>(signal)];
  if (!has_handler(action)) {
    const bool sent = info->si_code <= 0;  // by a process, not by a fault
    if (action.sa_handler == SIG_IGN && sent) return;
    // Let the default action happen: a fault comes again at once when we return, a sent signal is sent again.
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
    if (sent) syscall(SYS_tgkill, getpid(), gettid(), signal);
    return;
  }
  if ((static_cast<unsigned>(action.sa_flags) & static_cast<unsigned>(SA_RESETHAND)) != 0)
    program_actions[static_cast<size_t>(signal)].sa_handler = SIG_DFL;
  // The mask that the program would have seen; ours ends with the signal return.
  sigset_t mask;
  sigorset(&mask, &context->uc_sigmask, &action.sa_mask);
  if ((action.sa_flags & SA_NODEFER) == 0) sigaddset(&mask, signal);
  for (const int each : kFaultSignals) sigdelset(&mask, each);  // the handler may enter an enclave
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, context);
  } else {
    action.sa_handler(signal);
  }
}

}  // namespace twine::host::emulator

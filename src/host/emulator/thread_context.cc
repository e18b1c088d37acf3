#include "host/emulator/thread_context.h"

#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <csignal>

#include <bit>
#include <cerrno>
#include <mutex>
#include <new>
#include <utility>

#include "host/emulator/trap_entry.h"

constinit twine::host::emulator::ThreadContext* twine_emulator_threads = nullptr;

namespace twine::host::emulator {
namespace {

// The frame with its XSAVE area (AT_MINSIGSTKSZ), then the leaf functions with OpenSSL's AES under EREPORT
// and EGETKEY, then whatever a program's own handler does that is run from ours.
constexpr size_t kStackRoom = size_t{256} << 10;
constexpr size_t kGuardSize = 4096;

size_t stack_size() {
  constexpr size_t kPage = 4096;
  return kStackRoom + (getauxval(AT_MINSIGSTKSZ) + kPage - 1) / kPage * kPage;
}

std::mutex contexts_lock;  // guards `taken` and additions to the list

ThreadContext* make_context() {
  void* const memory = mmap(nullptr, kGuardSize + stack_size(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  mprotect(memory, kGuardSize, PROT_NONE);
  auto* const context = new (std::nothrow) ThreadContext;
  if (context == nullptr) return nullptr;
  context->stack = reinterpret_cast<uint64_t>(memory) + kGuardSize;
  context->next = twine_emulator_threads;
  // Handlers of other threads walk the list at any time.
  __atomic_store_n(&twine_emulator_threads, context, __ATOMIC_RELEASE);
  return context;
}

ThreadContext* take_context() {
  const std::lock_guard guard(contexts_lock);
  for (ThreadContext* context = twine_emulator_threads; context != nullptr; context = context->next) {
    if (!context->taken) {
      context->taken = true;
      return context;
    }
  }
  ThreadContext* const context = make_context();
  if (context != nullptr) context->taken = true;
  return context;
}

// A thread's hold on a context, from its first entry to its end.
class Registration {
 public:
  Registration() = default;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    if (context_ == nullptr) return;
    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
    sigaltstack(&context_->program_stack, nullptr);
    const std::lock_guard guard(contexts_lock);
    context_->taken = false;
  }

  ThreadContext* get(bool confine_system_calls, ucontext_t* frame) {
    if (context_ == nullptr) set_up(confine_system_calls, frame);
    return context_;
  }

  // The context, if the thread has one already.
  [[nodiscard]] ThreadContext* existing() const { return context_; }

  void survive_fork() {
    const std::lock_guard guard(contexts_lock);
    for (ThreadContext* context = twine_emulator_threads; context != nullptr; context = context->next)
      context->taken = context == context_;
    if (context_ != nullptr && confined_) confine();
  }

 private:
  void set_up(bool confine_system_calls, ucontext_t* frame) {
    ThreadContext* const context = take_context();
    if (context == nullptr) return;
    stack_t stack{};
    stack.ss_sp = std::bit_cast<void*>(context->stack);
    stack.ss_size = stack_size();
    if (frame != nullptr) {
      // On the program's own alternate stack the system call would be refused; the signal return obeys the
      // frame.
      context->program_stack = std::exchange(frame->uc_stack, stack);
    } else if (sigaltstack(&stack, &context->program_stack) != 0) {
      const std::lock_guard guard(contexts_lock);
      context->taken = false;
      return;
    }
    context_ = context;
    confined_ = confine_system_calls;
    if (confined_) confine();
  }

  void confine() {
    const auto start = reinterpret_cast<uintptr_t>(&twine_emulator_trap_text);
    const auto end = reinterpret_cast<uintptr_t>(&twine_emulator_trap_text_end);
    // Kernels without it (< 5.11) leave system calls of enclave code to the patched text; `twine doctor`
    // says so.
    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, start, end - start, &context_->selector);
  }

  ThreadContext* context_ = nullptr;
  bool confined_ = false;
};

thread_local Registration registration;

}  // namespace

ThreadContext* this_thread_context(bool confine_system_calls, ucontext_t* frame) {
  return registration.get(confine_system_calls, frame);
}

int set_alternate_stack(const stack_t* stack, stack_t* previous) {
  ThreadContext* const context = registration.existing();
  if (context == nullptr) return sigaltstack(stack, previous);
  const stack_t before = context->program_stack;
  if (stack != nullptr) {
    const bool disable = (stack->ss_flags & SS_DISABLE) != 0;
    if ((stack->ss_flags & ~(SS_DISABLE | SS_ONSTACK)) != 0 && !disable) {
      errno = EINVAL;
      return -1;
    }
    if (!disable && stack->ss_size < static_cast<size_t>(MINSIGSTKSZ)) {
      errno = ENOMEM;
      return -1;
    }
    context->program_stack =
        disable ? stack_t{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0} : *stack;
    context->program_stack.ss_flags &= SS_DISABLE;
  }
  if (previous != nullptr) *previous = before;
  return 0;
}

void restore_threads_after_fork() {
  registration.survive_fork();
}

}  // namespace twine::host::emulator

// The libc functions that libtwine-sgx.so stands in front of, as they are behind it.
//
// The library exports `mmap` and the like, so code inside it that calls them, the emulator above all, would land in its
// own front. The link renames such calls (ld --wrap=mmap: a reference to mmap becomes one to __wrap_mmap), and real.cc
// defines the new names: what the kernel does, through nothing of ours.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
extern "C" {
void* __wrap_mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void* address, size_t length);
int __wrap_mprotect(void* address, size_t length, int protection);
int __wrap_madvise(void* address, size_t length, int advice);
int __wrap_open(const char* path, int flags, ...);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_sigaction(int signal, const struct sigaction* action, struct sigaction* previous);
int __wrap_pthread_sigmask(int how, const sigset_t* set, sigset_t* previous);
int __wrap_sigaltstack(const stack_t* stack, stack_t* previous);
unsigned long __wrap_getauxval(unsigned long type);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace twine::host::preload {

// The next definition of `name` after this library's: libc's. Ends the process where there is none.
void* next_definition(const char* name);

// libc's function behind the front of the same name; looked up once.
template <typename Function>
class Next {
 public:
  explicit constexpr Next(const char* name) : name_(name) {}
  Function* get() {
    Function* function = __atomic_load_n(&function_, __ATOMIC_RELAXED);
    if (function == nullptr) {
      function = reinterpret_cast<Function*>(next_definition(name_));
      __atomic_store_n(&function_, function, __ATOMIC_RELAXED);
    }
    return function;
  }

 private:
  const char* name_;
  Function* function_ = nullptr;
};

}  // namespace twine::host::preload

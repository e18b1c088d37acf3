#include "host/preload/real.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace twine::host::preload {

void* next_definition(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    static constexpr char kText[] = "libtwine-sgx: the C library lacks a function that this library needs: ";
    static_cast<void>(!::write(STDERR_FILENO, kText, sizeof kText - 1));
    static_cast<void>(!::write(STDERR_FILENO, name, std::strlen(name)));
    static_cast<void>(!::write(STDERR_FILENO, "\n", 1));
    std::abort();
  }
  return found;
}

namespace {

constinit Next<int(int, const struct sigaction*, struct sigaction*)> next_sigaction("sigaction");
constinit Next<int(int, const sigset_t*, sigset_t*)> next_pthread_sigmask("pthread_sigmask");
constinit Next<unsigned long(unsigned long)> next_getauxval("getauxval");

}  // namespace
}  // namespace twine::host::preload

namespace preload = twine::host::preload;

// NOLINTBEGIN(bugprone-reserved-identifier): the linker makes these names
void* __wrap_mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return std::bit_cast<void*>(syscall(SYS_mmap, address, length, protection, flags, fd, offset));
}
int __wrap_munmap(void* address, size_t length) {
  return static_cast<int>(syscall(SYS_munmap, address, length));
}
int __wrap_mprotect(void* address, size_t length, int protection) {
  return static_cast<int>(syscall(SYS_mprotect, address, length, protection));
}
int __wrap_madvise(void* address, size_t length, int advice) {
  return static_cast<int>(syscall(SYS_madvise, address, length, advice));
}
int __wrap_open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list rest;
    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
  }
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int __wrap_close(int fd) {
  return static_cast<int>(syscall(SYS_close, fd));
}
int __wrap_ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
}
int __wrap_sigaction(int signal, const struct sigaction* action, struct sigaction* previous) {
  return preload::next_sigaction.get()(signal, action, previous);
}
int __wrap_pthread_sigmask(int how, const sigset_t* set, sigset_t* previous) {
  return preload::next_pthread_sigmask.get()(how, set, previous);
}
int __wrap_sigaltstack(const stack_t* stack, stack_t* previous) {
  return static_cast<int>(syscall(SYS_sigaltstack, stack, previous));
}
unsigned long __wrap_getauxval(unsigned long type) {
  return preload::next_getauxval.get()(type);
}
// NOLINTEND(bugprone-reserved-identifier)

// The functions of libc that libtwine-sgx.so exports under their own names. Each asks whether the call is about an
// emulated device or a signal, and passes on what is not.
//
// They are defined under other names in C++ and named by assembler labels, because libc's headers declare some with
// attributes and fortified inline bodies that a definition would clash with.
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <optional>

#include "host/emulator/signals.h"
#include "host/emulator/thread_context.h"
#include "host/preload/device_table.h"
#include "host/preload/real.h"
#include "host/preload/start.h"

#define TWINE_FRONT(name) __asm__(name) __attribute__((visibility("default"), used))

namespace twine::host::preload {
namespace {

// A device's answer in the C library's manner.
template <typename Integer>
Integer in_errno(Integer result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

bool takes_mode(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

}  // namespace

// --- open(2)
// --------------------------------------------------------------------------------------------------------

#define TWINE_OPEN(function, name)                                                              \
  namespace {                                                                                   \
  constinit Next<int(const char*, int, ...)> next_##function(name);                             \
  }                                                                                             \
  extern "C" int function(const char* path, int flags, ...) TWINE_FRONT(name);                  \
  extern "C" int function(const char* path, int flags, ...) {                                   \
    if (const auto device = device_of_path(path)) return in_errno(open_device(*device, flags)); \
    if (!takes_mode(flags)) return next_##function.get()(path, flags);                          \
    va_list rest;                                                                               \
    va_start(rest, flags);                                                                      \
    const mode_t mode = va_arg(rest, mode_t);                                                   \
    va_end(rest);                                                                               \
    return next_##function.get()(path, flags, mode);                                            \
  }
TWINE_OPEN(front_open, "open")
TWINE_OPEN(front_open64, "open64")
#undef TWINE_OPEN

#define TWINE_OPENAT(function, name)                                                            \
  namespace {                                                                                   \
  constinit Next<int(int, const char*, int, ...)> next_##function(name);                        \
  }                                                                                             \
  extern "C" int function(int directory, const char* path, int flags, ...) TWINE_FRONT(name);   \
  extern "C" int function(int directory, const char* path, int flags, ...) {                    \
    if (const auto device = device_of_path(path)) return in_errno(open_device(*device, flags)); \
    if (!takes_mode(flags)) return next_##function.get()(directory, path, flags);               \
    va_list rest;                                                                               \
    va_start(rest, flags);                                                                      \
    const mode_t mode = va_arg(rest, mode_t);                                                   \
    va_end(rest);                                                                               \
    return next_##function.get()(directory, path, flags, mode);                                 \
  }
TWINE_OPENAT(front_openat, "openat")
TWINE_OPENAT(front_openat64, "openat64")
#undef TWINE_OPENAT

// What fortified programs call where the flags need no mode.
#define TWINE_OPEN_2(function, name)                                                            \
  namespace {                                                                                   \
  constinit Next<int(const char*, int)> next_##function(name);                                  \
  }                                                                                             \
  extern "C" int function(const char* path, int flags) TWINE_FRONT(name);                       \
  extern "C" int function(const char* path, int flags) {                                        \
    if (const auto device = device_of_path(path)) return in_errno(open_device(*device, flags)); \
    return next_##function.get()(path, flags);                                                  \
  }
TWINE_OPEN_2(front_open_2, "__open_2")
TWINE_OPEN_2(front_open64_2, "__open64_2")
#undef TWINE_OPEN_2

// --- stat(2), access(2)
// ---------------------------------------------------------------------------------------------

namespace {

constexpr unsigned kMiscMajor = 10;
constexpr unsigned kEnclaveMinor = 125;  // misc devices get theirs at boot; these are common
constexpr unsigned kProvisionMinor = 126;
constexpr mode_t kMode = S_IFCHR | 0666;

// struct stat and struct stat64 are one on x86-64.
int fill(DeviceName device, struct stat* status) {
  *status = {};
  status->st_mode = kMode;
  status->st_nlink = 1;
  status->st_rdev = makedev(kMiscMajor, device == DeviceName::enclave ? kEnclaveMinor : kProvisionMinor);
  status->st_blksize = 4096;
  return 0;
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): parameter lists are what is passed
#define TWINE_STAT(function, name, PARAMETERS, ARGUMENTS, DEVICE) \
  namespace {                                                     \
  constinit Next<int PARAMETERS> next_##function(name);           \
  }                                                               \
  extern "C" int function PARAMETERS TWINE_FRONT(name);           \
  extern "C" int function PARAMETERS {                            \
    if (const auto device = DEVICE) return fill(*device, status); \
    return next_##function.get() ARGUMENTS;                       \
  }
TWINE_STAT(front_stat, "stat", (const char* path, struct stat* status), (path, status), device_of_path(path))
TWINE_STAT(front_stat64, "stat64", (const char* path, struct stat* status), (path, status),
           device_of_path(path))
TWINE_STAT(front_lstat, "lstat", (const char* path, struct stat* status), (path, status),
           device_of_path(path))
TWINE_STAT(front_lstat64, "lstat64", (const char* path, struct stat* status), (path, status),
           device_of_path(path))
TWINE_STAT(front_fstat, "fstat", (int fd, struct stat* status), (fd, status), device_of_descriptor(fd))
TWINE_STAT(front_fstat64, "fstat64", (int fd, struct stat* status), (fd, status), device_of_descriptor(fd))
TWINE_STAT(front_fstatat, "fstatat", (int directory, const char* path, struct stat* status, int flags),
           (directory, path, status, flags), device_of_path(path))
TWINE_STAT(front_fstatat64, "fstatat64", (int directory, const char* path, struct stat* status, int flags),
           (directory, path, status, flags), device_of_path(path))
// Programs linked against glibc before 2.33.
TWINE_STAT(front_xstat, "__xstat", (int version, const char* path, struct stat* status),
           (version, path, status), device_of_path(path))
TWINE_STAT(front_xstat64, "__xstat64", (int version, const char* path, struct stat* status),
           (version, path, status), device_of_path(path))
TWINE_STAT(front_fxstat, "__fxstat", (int version, int fd, struct stat* status), (version, fd, status),
           device_of_descriptor(fd))
TWINE_STAT(front_fxstat64, "__fxstat64", (int version, int fd, struct stat* status), (version, fd, status),
           device_of_descriptor(fd))
#undef TWINE_STAT
// NOLINTEND(bugprone-macro-parentheses)

namespace {

int may_access(int mode) {
  if ((mode & X_OK) == 0) return 0;
  errno = EACCES;
  return -1;
}

constinit Next<int(const char*, int)> next_access("access");
constinit Next<int(int, const char*, int, int)> next_faccessat("faccessat");

}  // namespace

extern "C" int front_access(const char* path, int mode) TWINE_FRONT("access");
extern "C" int front_access(const char* path, int mode) {
  return device_of_path(path) ? may_access(mode) : next_access.get()(path, mode);
}
extern "C" int front_faccessat(int directory, const char* path, int mode, int flags) TWINE_FRONT("faccessat");
extern "C" int front_faccessat(int directory, const char* path, int mode, int flags) {
  return device_of_path(path) ? may_access(mode) : next_faccessat.get()(directory, path, mode, flags);
}

namespace {

constinit Next<int(int, const char*, int, unsigned, struct statx*)> next_statx("statx");

}  // namespace

extern "C" int front_statx(int directory, const char* path, int flags, unsigned mask, struct statx* status)
    TWINE_FRONT("statx");
extern "C" int front_statx(int directory, const char* path, int flags, unsigned mask, struct statx* status) {
  const auto device = device_of_path(path);
  if (!device) return next_statx.get()(directory, path, flags, mask, status);
  *status = {};
  status->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK;
  status->stx_mode = kMode;
  status->stx_nlink = 1;
  status->stx_rdev_major = kMiscMajor;
  status->stx_rdev_minor = *device == DeviceName::enclave ? kEnclaveMinor : kProvisionMinor;
  return 0;
}

// --- Descriptors and mappings
// ---------------------------------------------------------------------------------------

extern "C" int front_close(int fd) TWINE_FRONT("close");
extern "C" int front_close(int fd) {
  static constinit Next<int(int)> next("close");
  if (const auto result = device_close(fd)) return in_errno(*result);
  return next.get()(fd);
}

extern "C" int front_ioctl(int fd, unsigned long request, ...) TWINE_FRONT("ioctl");
extern "C" int front_ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  const auto result = device_ioctl(fd, static_cast<unsigned>(request), reinterpret_cast<uint64_t>(argument));
  return result ? in_errno(*result) : __wrap_ioctl(fd, request, argument);
}

namespace {

void* map(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  const auto result = device_mmap(reinterpret_cast<uint64_t>(address), length, protection, flags, fd);
  if (!result) return __wrap_mmap(address, length, protection, flags, fd, offset);
  return std::bit_cast<void*>(in_errno(*result));  // -1 is MAP_FAILED
}

}  // namespace

extern "C" void* front_mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset)
    TWINE_FRONT("mmap");
extern "C" void* front_mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return map(address, length, protection, flags, fd, offset);
}
extern "C" void* front_mmap64(void* address, size_t length, int protection, int flags, int fd, off_t offset)
    TWINE_FRONT("mmap64");
extern "C" void* front_mmap64(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return map(address, length, protection, flags, fd, offset);
}

extern "C" int front_munmap(void* address, size_t length) TWINE_FRONT("munmap");
extern "C" int front_munmap(void* address, size_t length) {
  const auto result = device_munmap(reinterpret_cast<uint64_t>(address), length);
  return result ? in_errno(*result) : __wrap_munmap(address, length);
}

extern "C" int front_mprotect(void* address, size_t length, int protection) TWINE_FRONT("mprotect");
extern "C" int front_mprotect(void* address, size_t length, int protection) {
  const auto result = device_mprotect(reinterpret_cast<uint64_t>(address), length, protection);
  return result ? in_errno(*result) : __wrap_mprotect(address, length, protection);
}

extern "C" int front_madvise(void* address, size_t length, int advice) TWINE_FRONT("madvise");
extern "C" int front_madvise(void* address, size_t length, int advice) {
  const auto result = device_madvise(reinterpret_cast<uint64_t>(address), length, advice);
  return result ? in_errno(*result) : __wrap_madvise(address, length, advice);
}

// --- Signals
// --------------------------------------------------------------------------------------------------------

extern "C" int front_sigaction(int signal, const struct sigaction* action, struct sigaction* previous)
    TWINE_FRONT("sigaction");
extern "C" int front_sigaction(int signal, const struct sigaction* action, struct sigaction* previous) {
  return emulator::set_signal_action(signal, action, previous);
}

namespace {

using Handler = void (*)(int);

Handler set_handler(int signal, Handler handler, int flags) {
  struct sigaction action{};
  struct sigaction previous{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  if ((flags & SA_NODEFER) == 0) sigaddset(&action.sa_mask, signal);
  return emulator::set_signal_action(signal, &action, &previous) == 0 ? previous.sa_handler : SIG_ERR;
}

}  // namespace

extern "C" Handler front_signal(int signal, Handler handler) TWINE_FRONT("signal");
extern "C" Handler front_signal(int signal, Handler handler) {
  return set_handler(signal, handler, SA_RESTART);
}
extern "C" Handler front_sysv_signal(int signal, Handler handler) TWINE_FRONT("__sysv_signal");
extern "C" Handler front_sysv_signal(int signal, Handler handler) {
  return set_handler(signal, handler, static_cast<int>(SA_RESETHAND | SA_NODEFER));
}

extern "C" int front_pthread_sigmask(int how, const sigset_t* set, sigset_t* previous)
    TWINE_FRONT("pthread_sigmask");
extern "C" int front_pthread_sigmask(int how, const sigset_t* set, sigset_t* previous) {
  return emulator::set_signal_mask(how, set, previous);
}
extern "C" int front_sigprocmask(int how, const sigset_t* set, sigset_t* previous) TWINE_FRONT("sigprocmask");
extern "C" int front_sigprocmask(int how, const sigset_t* set, sigset_t* previous) {
  return in_errno(-emulator::set_signal_mask(how, set, previous));
}

extern "C" int front_sigaltstack(const stack_t* stack, stack_t* previous) TWINE_FRONT("sigaltstack");
extern "C" int front_sigaltstack(const stack_t* stack, stack_t* previous) {
  return emulator::set_alternate_stack(stack, previous);
}

// --- The auxiliary vector
// -------------------------------------------------------------------------------------------

// libc took its own copy of the kernel's before this library could rewrite it.
extern "C" unsigned long front_getauxval(unsigned long type) TWINE_FRONT("getauxval");
extern "C" unsigned long front_getauxval(unsigned long type) {
  return type == AT_SYSINFO_EHDR && vdso_base() != 0 ? vdso_base() : __wrap_getauxval(type);
}

}  // namespace twine::host::preload

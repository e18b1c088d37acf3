// The seccomp filter: system calls that serving an enclave needs, emulated or not.
//
//   allowed                         the list below; a few only with the arguments given there
//   others                          EPERM, so that a library which tries something newer falls back
//   clone3                          ENOSYS: its flags cannot be seen by a filter, and the C library then uses clone
//   those that only an attack makes the process is killed (SIGSYS)
#include <asm/sgx.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "host/confine/confine.h"

namespace twine::host {
namespace {

constexpr const char* kAllowed[] = {
    // memory
    "mmap",
    "mprotect",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "membarrier",
    // files, beneath the mounts
    "openat2",
    "openat",
    "open",
    "close",
    "close_range",
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "lseek",
    "fstat",
    "newfstatat",
    "statx",
    "fstatfs",
    "getdents64",
    "readlinkat",
    "mkdirat",
    "unlinkat",
    "renameat",
    "renameat2",
    "linkat",
    "symlinkat",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "utimensat",
    "fadvise64",
    "fcntl",
    "dup",
    "dup2",
    "dup3",
    "copy_file_range",
    // waiting, time
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "futex",
    "sched_yield",
    "timer_create",
    "timer_settime",
    "timer_gettime",
    "timer_getoverrun",
    "timer_delete",
    "setitimer",
    "getitimer",
    // signals and threads of this process
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "rt_sigpending",
    "rt_sigsuspend",
    "sigaltstack",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "restart_syscall",
    "sched_getaffinity",
    "sched_setaffinity",
    "getcpu",
    "exit",
    "exit_group",
    // who and what we are
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "uname",
    "sysinfo",
    "getrusage",
    "getrandom",
    "getcwd",
};

// An enclave's host has no honest use for any of these.
constexpr const char* kFatal[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "mount",
    "umount2",
    "move_mount",
    "fsopen",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "setuid",
    "setreuid",
    "setresuid",
    "setgid",
    "setregid",
    "setresgid",
    "setgroups",
    "capset",
    "add_key",
    "request_key",
    "keyctl",
    "iopl",
    "ioperm",
    "open_by_handle_at",
};

// Where the guest has sockets: what serves the open ones, what opens more, what the C library's resolver needs besides.
constexpr const char* kSocketUse[] = {"accept4",     "recvmsg",     "sendto",     "shutdown",
                                      "getsockname", "getpeername", "getsockopt", "setsockopt"};
constexpr const char* kSocketOpening[] = {"bind", "connect", "listen"};
constexpr const char* kResolving[] = {"recvfrom", "sendmsg", "sendmmsg"};

constexpr unsigned long kIoctls[] = {
    SGX_IOC_ENCLAVE_CREATE,
    SGX_IOC_ENCLAVE_ADD_PAGES,
    SGX_IOC_ENCLAVE_INIT,
    SGX_IOC_ENCLAVE_PROVISION,
    SGX_IOC_VEPC_REMOVE_ALL,
    SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
    SGX_IOC_ENCLAVE_MODIFY_TYPES,
    SGX_IOC_ENCLAVE_REMOVE_PAGES,
    // what a stream is, and how much it holds
    TCGETS,
    TIOCGWINSZ,
    FIONREAD,
};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))), good_(context_ != nullptr) {}
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  ~Filter() {
    if (context_ != nullptr) seccomp_release(context_);
  }

  // A call that this version of libseccomp does not know is not in the list of the kernel it was made for; it is left to the
  // default action.
  void add(uint32_t action, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) good_ = good_ && seccomp_rule_add(context_, action, number, 0) == 0;
  }
  void allow_if(const char* name, const scmp_arg_cmp& comparison) {
    good_ = good_ && seccomp_rule_add_array(context_, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name), 1,
                                            &comparison) == 0;
  }
  // For all threads. False, with errno set: not done.
  bool load() {
    if (!good_) {
      errno = ENOMEM;
      return false;
    }
    if (const int result = seccomp_load(context_); result != 0) {
      errno = -result;
      return false;
    }
    return true;
  }

 private:
  scmp_filter_ctx context_;
  bool good_;
};

scmp_arg_cmp equal(unsigned argument, uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

void add_argument_rules(Filter& filter) {
  for (const unsigned long request : kIoctls) filter.allow_if("ioctl", equal(1, request));
  // Threads, not processes.
  filter.allow_if("clone",
                  {.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = CLONE_THREAD});
  // Signals to this process, as abort(3) and timers of the runtime send them.
  filter.allow_if("tgkill", equal(0, static_cast<uint64_t>(getpid())));
  filter.allow_if("kill", equal(0, static_cast<uint64_t>(getpid())));
  // What threads of the emulator ask for when they begin and end; a name for debuggers.
  filter.allow_if("prctl", equal(0, PR_SET_SYSCALL_USER_DISPATCH));
  filter.allow_if("prctl", equal(0, PR_SET_NAME));
  // getrlimit(2): no new limit.
  filter.allow_if("prlimit64", equal(2, 0));
}

void add_network_rules(Filter& filter, const ConfinedNetwork& network) {
  const auto allow = [&](std::span<const char* const> names) {
    for (const char* const name : names) filter.add(SCMP_ACT_ALLOW, name);
  };
  if (network.uses_sockets || network.opens_sockets) allow(kSocketUse);
  if (!network.opens_sockets) {
    filter.add(SCMP_ACT_KILL_PROCESS, "socket");
    return;
  }
  allow(kSocketOpening);
  filter.allow_if("socket", equal(0, AF_INET));
  filter.allow_if("socket", equal(0, AF_INET6));
  if (!network.resolves_names) return;
  allow(kResolving);
  filter.allow_if("socket", equal(0, AF_NETLINK));  // which addresses this machine has, to sort those found
}

}  // namespace

Result<void> confine_system_calls(const ConfinedNetwork& network) {
  Filter filter;
  add_network_rules(filter, network);
  for (const char* const name : kAllowed) filter.add(SCMP_ACT_ALLOW, name);
  for (const char* const name : kFatal) filter.add(SCMP_ACT_KILL_PROCESS, name);
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  add_argument_rules(filter);
  if (!filter.load()) {
    return fail(ErrorCode::io, std::string("the process cannot be confined: seccomp filter: ") +
                                   std::strerror(errno) + "; --confine=off runs without");
  }
  return {};
}

}  // namespace twine::host

/* A program that knows SGX and nothing of Twine, run on libtwine-sgx.so (foreign.cmake): does it see a Linux machine with SGX?
 *
 * Prints "ok NAME" or "not ok NAME: WHERE" for each test and at the end "N passed, N failed"; exits 1 if any failed. The
 * environment must say TWINE_SGX_EPC=64M. */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "tiny.h"

extern char** environ;

static char failure[512];

/* Ends the test where it does not hold. */
#define CHECK(condition)                                                                        \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      snprintf(failure, sizeof failure, "line %d: %s (errno %d)", __LINE__, #condition, errno); \
      return;                                                                                   \
    }                                                                                           \
  } while (0)

#define CHECK_EQ(left, right)                                                                              \
  do {                                                                                                     \
    const unsigned long long left_is = (unsigned long long)(left), right_is = (unsigned long long)(right); \
    if (left_is != right_is) {                                                                             \
      snprintf(failure, sizeof failure, "line %d: %s is %llx, not %s = %llx", __LINE__, #left, left_is,    \
               #right, right_is);                                                                          \
      return;                                                                                              \
    }                                                                                                      \
  } while (0)

/* errno of a call that must answer -1; 0 if it succeeds. */
#define ERRNO(call) ((call) == -1 ? errno : 0)

/* --- What the processor and the kernel say */

static void cpuid_names_sgx_and_the_epc(void) {
  unsigned a, b, c, d;
  CHECK(__get_cpuid_max(0, NULL) >= 0x12);
  __cpuid_count(7, 0, a, b, c, d);
  CHECK((b & 1u << 2) != 0 && (c & 1u << 30) != 0); /* SGX, SGX_LC */
  __cpuid_count(0x12, 0, a, b, c, d);
  CHECK_EQ(a & 3, 3); /* SGX1, SGX2 */
  CHECK_EQ(b & 1, 1); /* EXINFO */
  CHECK((d >> 8 & 0xff) >= 36);
  __cpuid_count(0x12, 1, a, b, c, d);
  CHECK((a & ATTRIBUTE_MODE64BIT) != 0 && (a & ATTRIBUTE_PROVISIONKEY) != 0 && (c & 3) == 3);
  __cpuid_count(0x12, 2, a, b, c, d);
  CHECK_EQ(a & 0xf, 1);
  const uint64_t size = (c & 0xfffff000u) + ((uint64_t)(d & 0xfffff) << 32);
  CHECK_EQ(size, 64u << 20);
  __cpuid_count(0x12, 3, a, b, c, d);
  CHECK_EQ(a & 0xf, 0);
}

static void the_device_files_are_character_devices(void) {
  static const char* const names[] = {"/dev/sgx_enclave", "/dev/sgx_provision"};
  for (int i = 0; i < 2; ++i) {
    struct stat status;
    CHECK(stat(names[i], &status) == 0 && S_ISCHR(status.st_mode));
    struct statx extended;
    CHECK(statx(AT_FDCWD, names[i], 0, STATX_TYPE, &extended) == 0 && S_ISCHR(extended.stx_mode));
    CHECK(access(names[i], R_OK | W_OK) == 0 && ERRNO(access(names[i], X_OK)) == EACCES);
    const int fd = open(names[i], O_RDWR);
    CHECK(fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode));
    CHECK(close(fd) == 0);
  }
  struct stat other;
  CHECK(stat("/dev/null", &other) == 0 && ERRNO(stat("/dev/sgx_enclav", &other)) == ENOENT);
}

static void the_auxiliary_vector_leads_to_a_vdso_with_all_functions(void) {
  const uint8_t* const vdso = vdso_address(environ);
  CHECK(vdso != NULL && getauxval(AT_SYSINFO_EHDR) == (unsigned long)vdso);
  CHECK(getauxval(AT_PAGESZ) == 4096);
  CHECK(vdso_symbol(vdso, "__vdso_sgx_enter_enclave", NULL) == (const void*)enter_enclave);
  CHECK(vdso_symbol(vdso, "__vdso_nothing", NULL) == NULL);
  int (*const gettime)(clockid_t, struct timespec*) =
      (int (*)(clockid_t, struct timespec*))vdso_symbol(vdso, "__vdso_clock_gettime", NULL);
  struct timespec before, between, after;
  CHECK(gettime != NULL && clock_gettime(CLOCK_MONOTONIC, &before) == 0);
  CHECK(gettime(CLOCK_MONOTONIC, &between) == 0 && clock_gettime(CLOCK_MONOTONIC, &after) == 0);
#define NS(t) ((uint64_t)(t).tv_sec * 1000000000u + (uint64_t)(t).tv_nsec)
  CHECK(NS(before) <= NS(between) && NS(between) <= NS(after));
}

/* --- Entering */

static void an_enclave_is_built_and_entered(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(run.function, EEXIT);
  CHECK_EQ(value, TINY_VALUE);
  CHECK_EQ(tiny_enter(&enclave, TINY_STORE, enclave.base + TINY_DATA, 42, &run), 0);
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(value, 42);
  tiny_close(&enclave);
}

static void the_entry_function_checks_its_arguments(void) {
  struct sgx_enclave_run run = {0};
  CHECK_EQ(enter_enclave(0, 0, 0, 1, 0, 0, &run), -EINVAL);
  CHECK_EQ(enter_enclave(0, 0, 0, EEXIT, 0, 0, &run), -EINVAL);
  run.reserved[215] = 1;
  CHECK_EQ(enter_enclave(0, 0, 0, EENTER, 0, 0, &run), -EINVAL);
  run.reserved[215] = 0;
  /* Nothing is at this TCS: the exception is EENTER's own. */
  run.tcs = 0x10000;
  CHECK_EQ(enter_enclave(0, 0, 0, EENTER, 0, 0, &run), 0);
  CHECK_EQ(run.function, EENTER);
  CHECK(run.exception_vector == 14 || run.exception_vector == 13);
}

static int handler_calls;
static int handler_answer;
static int handler(long rdi, long rsi, long rdx, long rsp, long r8, long r9, struct sgx_enclave_run* run) {
  (void)rdi, (void)rsi, (void)rdx, (void)rsp, (void)r8, (void)r9;
  ++handler_calls;
  if (((uintptr_t)__builtin_frame_address(0) & 15) != 0) return -99; /* the stack is aligned as at any call */
  if (run->function == ERESUME && mprotect((void*)run->user_data, TINY_PAGE, PROT_READ | PROT_WRITE) == 0)
    return ERESUME; /* the fault is mended */
  return handler_answer;
}

static void the_handlers_answer_resumes_or_returns(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  struct sgx_enclave_run run = {.user_handler = (uint64_t)handler,
                                .user_data = (uint64_t)(enclave.base + TINY_DATA)};
  handler_calls = 0;
  handler_answer = -7;
  CHECK(mprotect(enclave.base + TINY_DATA, TINY_PAGE, PROT_READ) == 0);
  CHECK_EQ(tiny_enter(&enclave, TINY_STORE, enclave.base + TINY_DATA, 9, &run), -7);
  CHECK_EQ(handler_calls, 2); /* the page fault, then the exit */
  CHECK_EQ(run.function, EEXIT);
  handler_answer = EEXIT; /* positive, but no leaf to enter by */
  CHECK_EQ(tiny_enter(&enclave, TINY_STORE, enclave.base + TINY_DATA, 9, &run), -EINVAL);
  tiny_close(&enclave);
}

/* --- Address space */

static void mappings_are_bound_by_what_pages_were_added_with(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  uint8_t* const read_only = enclave.base + TINY_READ_ONLY;
  CHECK_EQ(ERRNO(mprotect(read_only, TINY_PAGE, PROT_READ | PROT_WRITE)), EACCES);
  CHECK_EQ(ERRNO(mprotect(read_only, TINY_PAGE, PROT_READ | PROT_EXEC)), EACCES);
  CHECK_EQ(ERRNO(mprotect(enclave.base, TINY_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)), EACCES);
  CHECK(mprotect(read_only, TINY_PAGE, PROT_NONE) == 0 && mprotect(read_only, TINY_PAGE, PROT_READ) == 0);
  const int fixed = MAP_SHARED | MAP_FIXED;
  CHECK(mmap(read_only, TINY_PAGE, PROT_READ | PROT_WRITE, fixed, enclave.fd, 0) == MAP_FAILED &&
        errno == EACCES);
  CHECK(mmap(enclave.base + TINY_DATA, TINY_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, enclave.fd, 0) ==
            MAP_FAILED &&
        errno == EINVAL);
  /* Outside ELRANGE. */
  CHECK(mmap(NULL, TINY_PAGE, PROT_READ, MAP_SHARED, enclave.fd, 0) == MAP_FAILED && errno == EACCES);
  /* A hole. */
  CHECK(munmap(enclave.base + TINY_DATA, TINY_PAGE) == 0);
  CHECK_EQ(ERRNO(mprotect(enclave.base + 0x3000, 3 * TINY_PAGE, PROT_READ)), ENOMEM);
  CHECK_EQ(ERRNO(madvise(enclave.base, TINY_PAGE, MADV_DONTNEED)), EINVAL);
  /* Where no page is, anything may be mapped: what is added there gets its permissions from the enclave. */
  CHECK(mmap(enclave.base + TINY_DYNAMIC, TINY_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, fixed, enclave.fd,
             0) != MAP_FAILED);
  tiny_close(&enclave);
}

static void a_read_only_descriptor_cannot_be_mapped_writable(void) {
  const int fd = open("/dev/sgx_enclave", O_RDONLY);
  CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK(mmap(NULL, TINY_PAGE, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
  close(fd);
}

static void unmapping_takes_a_page_away_and_mapping_brings_it_back(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK(munmap(enclave.base + TINY_DATA, TINY_PAGE) == 0);
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(run.function, ERESUME);
  CHECK_EQ(run.exception_vector, 14);
  CHECK_EQ(run.exception_addr, enclave.base + TINY_DATA);
  CHECK(mmap(enclave.base + TINY_DATA, TINY_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, enclave.fd, 0) !=
        MAP_FAILED);
  CHECK_EQ(enter_enclave(0, 0, 0, ERESUME, 0, 0, &run), 0);
  CHECK_EQ(run.function, EEXIT);
  CHECK_EQ(value, TINY_VALUE); /* pages live in the EPC, not in mappings */
  tiny_close(&enclave);
}

static void mappings_made_before_create_become_the_enclaves(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_open(&enclave), 0);
  CHECK(mmap(enclave.base, TINY_SIZE, PROT_NONE, MAP_SHARED | MAP_FIXED, enclave.fd, 0) == enclave.base);
  CHECK_EQ(tiny_create(&enclave), 0);
  CHECK_EQ(tiny_add_all(&enclave), 0);
  tiny_sign(&enclave);
  CHECK_EQ(tiny_init(&enclave), 0);
  /* mprotect alone, as Intel's runtime does it. */
  CHECK(mprotect(enclave.base, TINY_PAGE, PROT_READ | PROT_EXEC) == 0);
  CHECK(mprotect(enclave.base + TINY_PAGE, 4 * TINY_PAGE, PROT_READ | PROT_WRITE) == 0);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(value, TINY_VALUE);
  tiny_close(&enclave);
}

static void an_enclave_ends_with_its_last_descriptor_and_mapping(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  const int duplicate = dup(enclave.fd);
  CHECK(duplicate >= 0 && close(enclave.fd) == 0);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(value, TINY_VALUE);
  struct sgx_enclave_modify_types types = {0};
  CHECK_EQ(ERRNO(ioctl(duplicate, SGX_IOC_ENCLAVE_MODIFY_TYPES, &types)), EINVAL);
  CHECK(close(duplicate) == 0); /* mapped, it lives on */
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(run.function, EEXIT);
  CHECK(munmap(enclave.base, TINY_SIZE) == 0);
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(run.function, EENTER); /* refused: it is gone */
  /* And its addresses are free. */
  CHECK(mmap(enclave.base, TINY_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
        enclave.base);
  munmap(enclave.base, TINY_SIZE);
}

static void a_child_leaves_its_parents_enclave_alone_and_has_its_own(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    struct sgx_enclave_run run = {0};
    struct sgx_enclave_modify_types types = {0};
    uint64_t value = 0;
    if (ERRNO(ioctl(enclave.fd, SGX_IOC_ENCLAVE_MODIFY_TYPES, &types)) == 0) _exit(1);
    if (tiny_enter(&enclave, TINY_STORE, enclave.base + TINY_DATA, 1, &run) != 0 || run.function != EENTER)
      _exit(2);
    close(enclave.fd);
    struct tiny own;
    if (tiny_build(&own) != 0) _exit(3);
    if (tiny_enter(&own, TINY_LOAD, own.base + TINY_DATA, (uint64_t)&value, &run) != 0 || value != TINY_VALUE)
      _exit(4);
    tiny_close(&own);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK_EQ(status, 0);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run), 0);
  CHECK_EQ(value, TINY_VALUE);
  tiny_close(&enclave);
}

/* --- Signals */

static __thread uint64_t thread_local_value = 77;
static volatile sig_atomic_t alarms;
static volatile uint32_t stop_spinning;
static struct {
  uint64_t rip, rax, rbx, rcx, tls;
  size_t stack_size;
} seen;

static void on_alarm(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info;
  const ucontext_t* const at = context;
  seen.rip = (uint64_t)at->uc_mcontext.gregs[REG_RIP];
  seen.rax = (uint64_t)at->uc_mcontext.gregs[REG_RAX];
  seen.rbx = (uint64_t)at->uc_mcontext.gregs[REG_RBX];
  seen.rcx = (uint64_t)at->uc_mcontext.gregs[REG_RCX];
  seen.stack_size = at->uc_stack.ss_size;
  seen.tls = thread_local_value++;
  if (++alarms == 3) stop_spinning = 1;
}

static void a_handler_sees_an_interrupted_enclave_at_the_aep_with_the_hosts_tls(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  static uint8_t stack[65536];
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  stack_t told;
  CHECK(sigaltstack(&alternate, NULL) == 0 && sigaltstack(NULL, &told) == 0);
  CHECK(told.ss_sp == stack && told.ss_size == sizeof stack);
  struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO}, before, now;
  CHECK(sigaction(SIGALRM, &action, &before) == 0 && sigaction(SIGALRM, NULL, &now) == 0);
  CHECK(before.sa_handler == SIG_DFL && now.sa_sigaction == on_alarm);
  const struct itimerval every = {.it_interval = {0, 2000}, .it_value = {0, 2000}};
  const struct itimerval never = {0};
  alarms = 0;
  stop_spinning = 0;
  thread_local_value = 77;
  struct sgx_enclave_run run = {0};
  setitimer(ITIMER_REAL, &every, NULL);
  const int result = tiny_enter(&enclave, TINY_SPIN, (const void*)&stop_spinning, 0, &run);
  setitimer(ITIMER_REAL, &never, NULL);
  CHECK_EQ(result, 0);
  CHECK_EQ(run.function, EEXIT); /* interrupts are nothing the entry function reports */
  CHECK(alarms >= 3);
  uint64_t size = 0;
  const uint8_t* const entry = vdso_symbol(vdso_address(environ), "__vdso_sgx_enter_enclave", &size);
  CHECK(seen.rip >= (uint64_t)entry && seen.rip < (uint64_t)entry + size);
  CHECK_EQ(seen.rax, ERESUME);
  CHECK_EQ(seen.rbx, enclave.base + TINY_TCS);
  CHECK_EQ(seen.rip, seen.rcx);
  CHECK(seen.tls >= 77 && thread_local_value == 77u + (unsigned)alarms);
  CHECK_EQ(seen.stack_size, sizeof stack);
  CHECK(sigaction(SIGALRM, &before, NULL) == 0);
  tiny_close(&enclave);
}

static void on_storm(int signal) {
  (void)signal;
  ++alarms;
}

static void entries_survive_a_storm_of_signals(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  const struct itimerval every = {.it_interval = {0, 50}, .it_value = {0, 50}};
  const struct itimerval never = {0};
  alarms = 0;
  CHECK(signal(SIGALRM, on_storm) == SIG_DFL);
  setitimer(ITIMER_REAL, &every, NULL);
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < 20000 || (alarms < 200 && i < 2000000); ++i) {
    struct sgx_enclave_run run = {0};
    uint64_t value = 0;
    wrong +=
        tiny_enter(&enclave, TINY_STORE, enclave.base + TINY_DATA, i, &run) != 0 || run.function != EEXIT;
    wrong +=
        tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run) != 0 || value != i;
  }
  setitimer(ITIMER_REAL, &never, NULL);
  CHECK_EQ(wrong, 0);
  CHECK(alarms >= 200);
  CHECK(signal(SIGALRM, SIG_DFL) == on_storm);
  tiny_close(&enclave);
}

static void a_mapping_older_than_a_page_gives_it_no_more_than_it_was_added_with(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_open(&enclave), 0);
  CHECK_EQ(tiny_create(&enclave), 0);
  CHECK(mmap(enclave.base + TINY_READ_ONLY, TINY_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             enclave.fd, 0) != MAP_FAILED);
  CHECK_EQ(tiny_add_all(&enclave), 0);
  tiny_sign(&enclave);
  CHECK_EQ(tiny_init(&enclave), 0);
  CHECK(mmap(enclave.base, TINY_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, enclave.fd, 0) !=
        MAP_FAILED);
  CHECK(mmap(enclave.base + TINY_TCS, 3 * TINY_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             enclave.fd, 0) != MAP_FAILED);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  CHECK_EQ(tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_READ_ONLY, (uint64_t)&value, &run), 0);
  CHECK_EQ(run.function, ERESUME);
  CHECK_EQ(run.exception_vector, 14);
  CHECK_EQ(run.exception_error_code, 4); /* user, not present: SIGBUS, as the vDSO tells it */
  CHECK(mprotect(enclave.base + TINY_READ_ONLY, TINY_PAGE, PROT_READ) == 0);
  CHECK_EQ(enter_enclave(0, 0, 0, ERESUME, 0, 0, &run), 0);
  CHECK_EQ(value, TINY_VALUE);
  tiny_close(&enclave);
}

static void blocked_fault_signals_do_not_end_an_entry(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  sigset_t all, before, now;
  sigfillset(&all);
  CHECK(sigprocmask(SIG_BLOCK, &all, &before) == 0);
  CHECK(!sigismember(&before, SIGSEGV) && sigprocmask(SIG_BLOCK, NULL, &now) == 0);
  CHECK(sigismember(&now, SIGSEGV) == 1 && sigismember(&now, SIGILL) == 1 && sigismember(&now, SIGUSR1) == 1);
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  const int result = tiny_enter(&enclave, TINY_LOAD, enclave.base + TINY_DATA, (uint64_t)&value, &run);
  unsigned a, b, c, d;
  __cpuid_count(7, 0, a, b, c, d);
  CHECK(sigprocmask(SIG_SETMASK, &before, &now) == 0 && sigismember(&now, SIGSEGV) == 1);
  CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGSEGV));
  CHECK_EQ(result, 0);
  CHECK_EQ(value, TINY_VALUE);
  CHECK((b & 4) != 0);
  tiny_close(&enclave);
}

static volatile sig_atomic_t segv_count;
static void on_sent_segv(int signal) {
  (void)signal;
  ++segv_count;
}

static void a_fault_signal_that_is_sent_while_blocked_waits(void) {
  void (*const before)(int) = signal(SIGSEGV, on_sent_segv);
  CHECK(before == SIG_DFL);
  sigset_t segv;
  sigemptyset(&segv);
  sigaddset(&segv, SIGSEGV);
  segv_count = 0;
  pthread_sigmask(SIG_BLOCK, &segv, NULL);
  raise(SIGSEGV);
  CHECK_EQ(segv_count, 0);
  pthread_sigmask(SIG_UNBLOCK, &segv, NULL);
  CHECK_EQ(segv_count, 1);
  CHECK(signal(SIGSEGV, SIG_DFL) == on_sent_segv);
}

static sigjmp_buf escape;
static void on_segv(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  siglongjmp(escape, info->si_addr == NULL ? 1 : 2);
}

static void the_programs_own_faults_are_its_own(void) {
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO}, before;
  CHECK(sigaction(SIGSEGV, &action, &before) == 0);
  for (int i = 0; i < 3; ++i) {
    const int jumped = sigsetjmp(escape, 1);
    if (jumped == 0) *(volatile int*)NULL = 1;
    CHECK_EQ(jumped, 1);
  }
  CHECK(sigaction(SIGSEGV, &before, NULL) == 0);
}

static void* enter_in_thread(void* argument) {
  struct tiny* const enclave = argument;
  struct sgx_enclave_run run = {0};
  uint64_t value = 0;
  for (int i = 0; i < 100; ++i) {
    if (tiny_enter(enclave, TINY_LOAD, enclave->base + TINY_DATA, (uint64_t)&value, &run) != 0) return NULL;
    if (value != TINY_VALUE) return NULL;
  }
  return enclave;
}

static void other_threads_enter_as_well(void) {
  struct tiny enclaves[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) CHECK_EQ(tiny_build(&enclaves[i]), 0);
  for (int i = 0; i < 4; ++i) CHECK(pthread_create(&threads[i], NULL, enter_in_thread, &enclaves[i]) == 0);
  for (int i = 0; i < 4; ++i) {
    void* result = NULL;
    pthread_join(threads[i], &result);
    CHECK(result == &enclaves[i]);
    tiny_close(&enclaves[i]);
  }
}

static void a_program_may_enter_by_an_enclu_of_its_own(void) {
  struct tiny enclave;
  CHECK_EQ(tiny_build(&enclave), 0);
  uint64_t value = 0;
  /* EENTER by the program's own ENCLU, with the instruction itself as the AEP. */
  uint64_t rax = EENTER, rcx;
  __asm__ volatile(
      "lea 1f(%%rip), %%rcx\n"
      "1: .byte 0x0f, 0x01, 0xd7"
      : "+a"(rax), "=&c"(rcx)
      : "b"(enclave.base + TINY_TCS), "D"((uint64_t)TINY_LOAD), "S"(enclave.base + TINY_DATA), "d"(&value)
      : "memory", "cc", "r10", "r11");
  CHECK_EQ(value, TINY_VALUE);
  CHECK_EQ(rax, EEXIT);
  tiny_close(&enclave);
}

/* --- Errors of the ioctls, in a file of their own */
void ioctl_errors(char* text, size_t size);

static void each_ioctl_fails_as_linuxs_does(void) {
  ioctl_errors(failure, sizeof failure);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  enter_enclave =
      (vdso_sgx_enter_enclave_t)vdso_symbol(vdso_address(environ), "__vdso_sgx_enter_enclave", NULL);
  if (enter_enclave == NULL) {
    puts("not ok: no __vdso_sgx_enter_enclave; is libtwine-sgx.so preloaded?\n0 passed, 1 failed");
    return 1;
  }
#define TEST(name) {#name, name}
  static const struct {
    const char* name;
    void (*run)(void);
  } tests[] = {
      TEST(cpuid_names_sgx_and_the_epc),
      TEST(the_device_files_are_character_devices),
      TEST(the_auxiliary_vector_leads_to_a_vdso_with_all_functions),
      TEST(an_enclave_is_built_and_entered),
      TEST(the_entry_function_checks_its_arguments),
      TEST(the_handlers_answer_resumes_or_returns),
      TEST(mappings_are_bound_by_what_pages_were_added_with),
      TEST(a_read_only_descriptor_cannot_be_mapped_writable),
      TEST(unmapping_takes_a_page_away_and_mapping_brings_it_back),
      TEST(mappings_made_before_create_become_the_enclaves),
      TEST(an_enclave_ends_with_its_last_descriptor_and_mapping),
      TEST(a_child_leaves_its_parents_enclave_alone_and_has_its_own),
      TEST(a_handler_sees_an_interrupted_enclave_at_the_aep_with_the_hosts_tls),
      TEST(entries_survive_a_storm_of_signals),
      TEST(a_mapping_older_than_a_page_gives_it_no_more_than_it_was_added_with),
      TEST(blocked_fault_signals_do_not_end_an_entry),
      TEST(a_fault_signal_that_is_sent_while_blocked_waits),
      TEST(the_programs_own_faults_are_its_own),
      TEST(other_threads_enter_as_well),
      TEST(a_program_may_enter_by_an_enclu_of_its_own),
      TEST(each_ioctl_fails_as_linuxs_does),
  };
  int failed = 0;
  const int count = (int)(sizeof tests / sizeof *tests);
  for (int i = 0; i < count; ++i) {
    failure[0] = '\0';
    tests[i].run();
    if (failure[0] == '\0')
      printf("ok %s\n", tests[i].name);
    else
      printf("not ok %s: %s\n", tests[i].name, failure), ++failed;
  }
  printf("%d passed, %d failed\n", count - failed, failed);
  return failed == 0 ? 0 : 1;
}

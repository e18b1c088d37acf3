// The door to SGX on this machine: the Linux SGX driver's system calls and the vDSO's entry function, as an
// interface.
//
// Two backends stand behind it, and nobody above may ask which: the kernel's (/dev/sgx_enclave) and the
// software one (host/emulator). Calls, structures and results are those of the kernel's UAPI (<asm/sgx.h>,
// Documentation/x86/sgx.rst), so that the kernel backend is nothing but system calls. One Driver is one
// enclave: one open file of the device.
//
// Way of an enclave:
//   reserve(ELRANGE size)               address space, naturally aligned, nothing accessible
//   create(SECS)  add_pages(…)*  init(SIGSTRUCT)
//   map(address, length, protection)*   which accesses the page tables allow; before or after init
//   enter(…)*                           any number of threads
//   destruction                         everything is torn down; no thread may be inside
//
// Results of the calls that mirror ioctl(2), mmap(2), mprotect(2), munmap(2):
//   0    done
//   < 0  a negated errno
//   > 0  an SGX error code (common/sgx/arch.h ErrorCode); only init
// For a sentence to show, pass the result to `describe`. Of the ioctls that change runs of pages the struct's
// `count` says how many bytes were done before the error, and `result` (where there is one) the SGX error
// code of the page that failed.
#pragma once

#include <asm/sgx.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace twine::host::sgx {

// What a run cost, for --stats. The kernel backend knows only what user space can see: see `exact`.
struct DriverStatistics {
  uint64_t enters = 0;              // EENTER
  uint64_t exits = 0;               // EEXIT
  uint64_t resumes = 0;             // ERESUME
  uint64_t asynchronous_exits = 0;  // AEX; the kernel backend counts only those it was told of
  uint64_t interrupts = 0;          // those of them that no exception caused; the kernel backend cannot know
  uint64_t pages_committed = 0;     // EPC pages that the enclave holds now
  uint64_t pages_peak = 0;
  bool exact = false;  // true for the emulator
};

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  // "hardware" or "emulated": for reports to the user, never for decisions.
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Reserves `size` bytes (a power of two, at least two pages) of address space, aligned to its size,
  // inaccessible, and returns where. Once an enclave. The caller writes the address into SECS.BASEADDR.
  [[nodiscard]] virtual Result<uint64_t> reserve(uint64_t size) = 0;

  // --- ioctls of /dev/sgx_enclave
  [[nodiscard]] virtual int create(const sgx_enclave_create& argument) = 0;
  [[nodiscard]] virtual int add_pages(sgx_enclave_add_pages& argument) = 0;
  [[nodiscard]] virtual int init(const sgx_enclave_init& argument) = 0;
  // Allows the enclave ATTRIBUTES.PROVISIONKEY: opens /dev/sgx_provision and hands it over. Between create, which
  // forgets it, and init.
  [[nodiscard]] virtual int provision() = 0;
  // -- SGX2: after init.
  [[nodiscard]] virtual int restrict_permissions(sgx_enclave_restrict_permissions& argument) = 0;
  [[nodiscard]] virtual int modify_types(sgx_enclave_modify_types& argument) = 0;
  [[nodiscard]] virtual int remove_pages(sgx_enclave_remove_pages& argument) = 0;

  // --- Address space. Ranges are whole pages within the reservation; `protection` is PROT_* as for mprotect.
  // Maps the device there (MAP_SHARED | MAP_FIXED). The kernel refuses (EACCES) what exceeds the permissions
  // that the pages there were added with. Where no page is yet, an access that `protection` allows adds one
  // (EAUG): RW, zero, pending.
  [[nodiscard]] virtual int map(uint64_t address, uint64_t length, int protection) = 0;
  // mprotect of ranges that were mapped.
  [[nodiscard]] virtual int protect(uint64_t address, uint64_t length, int protection) = 0;
  // Back to reserved and inaccessible; the enclave's pages stay in the EPC (remove_pages takes them away).
  [[nodiscard]] virtual int unmap(uint64_t address, uint64_t length) = 0;

  // --- Entry: __vdso_sgx_enter_enclave, or a function that does the same.
  // Returns 0 after EEXIT, or after an exception that was recorded in *run (then run->function is ERESUME),
  // -EINVAL for a wrong function or a nonzero reserved field; with run->user_handler, what that returned, if
  // <= 0. May be called on many threads at once, one a TCS.
  [[nodiscard]] virtual int enter(uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function, uint64_t r8,
                                  uint64_t r9, sgx_enclave_run* run) = 0;

  // sigaction(2) for this process's own handlers. The emulator must see every signal before them (one that
  // arrives in an enclave is an asynchronous exit first), so a program that has opened a driver installs
  // handlers through it. Signals that were handled before the driver was opened need nothing.
  [[nodiscard]] virtual int set_signal_action(int signal, const struct sigaction* action,
                                              struct sigaction* previous) = 0;

  [[nodiscard]] virtual DriverStatistics statistics() const = 0;
};

// One sentence for a failed call: "SGX_IOC_ENCLAVE_INIT: the SIGSTRUCT's signature does not verify
// (SGX_INVALID_SIGNATURE); …". `call` is the name of the ioctl or system call. Only for results other than 0.
[[nodiscard]] std::string describe(std::string_view call, int result);

// --- Backends
// ------------------------------------------------------------------------------------------------------

// What this machine offers. Every member is a finding for `twine doctor`; hardware_missing() is the sentence
// for a user.
struct Probe {
  bool cpu_sgx = false;               // CPUID.07H:EBX.SGX
  bool cpu_sgx2 = false;              // CPUID.12H.0:EAX[1], EDMM
  bool cpu_exinfo = false;            // CPUID.12H.0:EBX[0], MISCSELECT.EXINFO
  bool device_present = false;        // /dev/sgx_enclave exists
  bool device_readable = false;       // and this user may open it for reading and writing
  bool device_emulated = false;       // it is libtwine-sgx.so's: for reports to the user, never for decisions
  bool provision_present = false;     // /dev/sgx_provision
  bool vdso_entry = false;            // the vDSO has __vdso_sgx_enter_enclave
  bool kernel_edmm = false;           // kernel >= 6.0
  uint8_t max_enclave_size_log2 = 0;  // CPUID.12H.0:EDX[15:8]
  // The emulator's needs.
  bool fsgsbase = false;  // RDFSBASE and friends work in user mode
  bool syscall_user_dispatch = false;
  bool cpuid_faulting = false;

  [[nodiscard]] bool hardware_usable() const {
    return cpu_sgx2 && cpu_exinfo && device_readable && vdso_entry && kernel_edmm;
  }
  [[nodiscard]] bool emulator_usable() const { return fsgsbase; }
};
[[nodiscard]] Probe probe();
// "hardware SGX cannot be used here: …; …": everything that is missing and what mends it. Empty if nothing
// is.
[[nodiscard]] std::string hardware_missing(const Probe& probe);

// Opens /dev/sgx_enclave. Errors: not_found or permission, naming what is missing and what mends it.
[[nodiscard]] Result<std::unique_ptr<Driver>> open_kernel_driver();

struct EmulatorOptions {
  uint64_t epc_bytes =
      uint64_t{64} << 30;  // size of the emulated EPC, shared by the enclaves of this process
  // When the EPC is full, pages are written out to ordinary memory and loaded again at their next use, as
  // Linux does. Without it, whoever needs one more page is refused.
  bool reclaim = true;
  std::string
      platform_secret_path;  // empty: $XDG_STATE_HOME/twine/platform-secret; made at first use, mode 0600
  bool confine_system_calls = true;  // Syscall User Dispatch while inside
};
// In host/emulator. It protects nothing: whoever opens it tells the user so. Errors: unsupported without
// FSGSBASE; io when the platform secret can be neither read nor made.
[[nodiscard]] Result<std::unique_ptr<Driver>> open_emulated_driver(const EmulatorOptions& options);

}  // namespace twine::host::sgx

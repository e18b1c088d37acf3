// What this machine offers for SGX and for its emulation.
#include <asm/prctl.h>
#include <cpuid.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include "host/sgx/driver.h"
#include "host/sgx/vdso.h"

namespace twine::host::sgx {
namespace {

constexpr uint32_t kSgxLeaf = 0x12;
constexpr unsigned long kHwcap2Fsgsbase = 1UL << 1;  // AT_HWCAP2: the kernel has enabled CR4.FSGSBASE

struct Registers {
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers result;
  if (__get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx) == 0) return {};
  return result;
}

void probe_cpu(Probe& result) {
  result.cpu_sgx = (cpuid(7, 0).ebx & (1U << 2)) != 0;
  if (!result.cpu_sgx) return;
  const Registers capabilities = cpuid(kSgxLeaf, 0);
  result.cpu_sgx2 = (capabilities.eax & (1U << 1)) != 0;
  result.cpu_exinfo = (capabilities.ebx & (1U << 0)) != 0;
  result.max_enclave_size_log2 = static_cast<uint8_t>(capabilities.edx >> 8);
}

bool kernel_at_least(long wanted_major) {
  utsname name{};
  // A release that does not start with a number counts as 0.
  return uname(&name) == 0 && std::strtol(name.release, nullptr, 10) >= wanted_major;
}

bool has_syscall_user_dispatch() {
  // A selector in kernel space is refused: with EFAULT where the feature exists, with EINVAL where the call
  // is unknown.
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, ~0UL << 12) != 0 && errno == EFAULT;
}

// A descriptor of a device is a link to a file in /dev; one of libtwine-sgx.so (host/preload) is a file in memory.
bool is_emulated(const char* device) {
  const int descriptor = open(device, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  char target[64] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), target, sizeof target);
  close(descriptor);
  return size > 0 && std::string_view(target, static_cast<size_t>(size)).starts_with("/memfd:");
}

}  // namespace

Probe probe() {
  Probe result;
  probe_cpu(result);
  result.device_present = access("/dev/sgx_enclave", F_OK) == 0;
  result.device_readable = access("/dev/sgx_enclave", R_OK | W_OK) == 0;
  result.device_emulated = result.device_readable && is_emulated("/dev/sgx_enclave");
  result.provision_present = access("/dev/sgx_provision", F_OK) == 0;
  result.vdso_entry = find_in_vdso("__vdso_sgx_enter_enclave") != nullptr;
  result.kernel_edmm = kernel_at_least(6);
  result.fsgsbase = (getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) != 0;
  result.syscall_user_dispatch = has_syscall_user_dispatch();
  result.cpuid_faulting = syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1) == 0;  // 1: enabled, as it is
  return result;
}

std::string hardware_missing(const Probe& probe) {
  std::string findings;
  const auto add = [&](bool present, std::string_view text) {
    if (present) return;
    findings += findings.empty() ? "hardware SGX cannot be used here: " : "; ";
    findings += text;
  };
  add(probe.cpu_sgx,
      "the processor has no SGX, or the firmware has it switched off (enable SGX in the firmware settings)");
  if (probe.cpu_sgx) {
    add(probe.cpu_sgx2, "the processor has SGX1 only; dynamic memory (SGX2, EDMM) is needed");
    add(probe.cpu_exinfo, "the processor does not report EXINFO (MISCSELECT), which fault handling needs");
  }
  add(probe.device_present,
      "/dev/sgx_enclave does not exist (Linux 6.0 or later with CONFIG_X86_SGX and flexible launch control)");
  if (probe.device_present) {
    add(probe.device_readable,
        "/dev/sgx_enclave may not be opened by this user (add the user to the group that owns it, often "
        "sgx)");
  }
  add(probe.vdso_entry,
      "the kernel's vDSO has no __vdso_sgx_enter_enclave (Linux 5.11 or later with CONFIG_X86_SGX)");
  add(probe.kernel_edmm, "the kernel is older than 6.0 and cannot change pages of a running enclave");
  return findings;
}

}  // namespace twine::host::sgx

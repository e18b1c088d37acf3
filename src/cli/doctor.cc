// twine doctor: what this machine can do, what is missing, and what mends it.
//
// Two lists: what hardware SGX needs, and what emulation needs; then limits that both meet. Each finding is
//   ok       it is there
//   missing  it is not, and the lists say which way of running is barred by it
//   note     it works, but could be better
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "host/confine/confine.h"
#include "host/sgx/driver.h"

namespace twine::cli {
namespace {

constexpr char kFooter[] =
    "Exit status: 0 if Twine can run here in one way or the other, 1 if not.\n"
    "\n"
    "Example:\n"
    "  twine doctor";

enum class Verdict : uint8_t { ok, missing, note };

struct Finding {
  Verdict verdict;
  std::string what;
  std::string remedy;  // empty when ok
};

Finding require(bool present, std::string what, std::string remedy) {
  return {present ? Verdict::ok : Verdict::missing, std::move(what), present ? "" : std::move(remedy)};
}

Finding advise(bool good, std::string what, std::string remedy) {
  return {good ? Verdict::ok : Verdict::note, std::move(what), good ? "" : std::move(remedy)};
}

void print(const Finding& finding) {
  constexpr const char* kWords[] = {"ok", "missing", "note"};
  fmt::print("  {:<9}{}\n", kWords[static_cast<size_t>(finding.verdict)], finding.what);
  if (!finding.remedy.empty()) fmt::print("           → {}\n", finding.remedy);
}

void print(const char* title, const std::vector<Finding>& findings) {
  fmt::print("{}\n", title);
  for (const Finding& finding : findings) print(finding);
}

// The first line of a file of /proc or /sys; empty if there is none.
std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

uint64_t number_in(const char* path) {
  return std::strtoull(first_line(path).c_str(), nullptr, 10);
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

bool aesm_answers() {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "/var/run/aesmd/aesm.socket");
  const bool connected =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(descriptor);
  return connected;
}

std::vector<Finding> hardware_findings(const host::sgx::Probe& probe) {
  const std::string firmware =
      "enable SGX in the firmware's setup; if it is not there, this machine has none";
  const std::string size = probe.max_enclave_size_log2 != 0
                               ? fmt::format(", enclaves up to 2^{} bytes", probe.max_enclave_size_log2)
                               : "";
  std::vector<Finding> findings;
  findings.push_back(require(probe.cpu_sgx, "processor: SGX (CPUID.07H:EBX.2)" + size, firmware));
  findings.push_back(require(probe.cpu_sgx2, "processor: SGX2, dynamic memory (CPUID.12H:EAX.1)",
                             "use a machine with SGX2: Ice Lake-SP servers or later"));
  findings.push_back(require(probe.cpu_exinfo, "processor: EXINFO, fault addresses (CPUID.12H:EBX.0)",
                             "use a machine with EXINFO: Ice Lake-SP servers or later"));
  findings.push_back(require(probe.kernel_edmm,
                             "kernel 6.0 or later: dynamic memory; this is " + kernel_release(),
                             "apt-get install linux-image-amd64 from bookworm or later, and reboot"));
  findings.push_back(
      require(probe.device_present, "driver: /dev/sgx_enclave",
              "a kernel with CONFIG_X86_SGX=y, on a processor with SGX; dmesg | grep sgx tells why not"));
  if (probe.device_emulated) {
    findings.push_back({Verdict::note,
                        "driver, processor and vDSO are emulated by libtwine-sgx.so: no secrecy",
                        "take it out of LD_PRELOAD to see this machine"});
  }
  findings.push_back(require(probe.device_readable,
                             "permission to open /dev/sgx_enclave for reading and writing",
                             "sudo usermod -aG sgx $USER, then log in again"));
  findings.push_back(require(probe.vdso_entry, "vDSO: __vdso_sgx_enter_enclave",
                             "boot a kernel with CONFIG_X86_SGX=y, without vdso=0"));
  findings.push_back(advise(probe.provision_present, "driver: /dev/sgx_provision (only for attestation)",
                            "comes with the driver; sudo usermod -aG sgx_prv $USER lets you use it"));
  findings.push_back(advise(aesm_answers(), "AESM socket /var/run/aesmd/aesm.socket (only for attestation)",
                            "install Intel's sgx-aesm-service and: sudo systemctl start aesmd"));
  return findings;
}

std::vector<Finding> emulation_findings(const host::sgx::Probe& probe) {
  std::vector<Finding> findings;
  findings.push_back(require(probe.fsgsbase, "FSGSBASE: user mode may change FS and GS",
                             "boot a kernel 5.9 or later, without nofsgsbase on its command line"));
  findings.push_back(
      advise(probe.syscall_user_dispatch, "Syscall User Dispatch: system calls from enclave code are caught",
             "boot a kernel 5.11 or later with CONFIG_GENERIC_ENTRY; without, such calls are not caught"));
  findings.push_back(advise(probe.cpuid_faulting,
                            "CPUID faulting: CPUID from enclave code is caught by the processor",
                            "nothing to do: enclave code is patched instead"));
  return findings;
}

std::vector<Finding> confinement_findings() {
  const host::Confinement offered = host::probe_confinement();
  const std::string missing = offered.missing();
  return {{Verdict::ok, "this kernel offers: " + offered.in_force(), ""},
          advise(missing.empty(), missing.empty() ? "nothing is missing" : "without: " + missing,
                 "boot a kernel that has it; `twine run` goes as far as it can and --stats says how far")};
}

std::vector<Finding> limit_findings() {
  std::vector<Finding> findings;
  const uint64_t maps = number_in("/proc/sys/vm/max_map_count");
  findings.push_back(advise(maps >= 65530, fmt::format("memory mappings a process: {}", maps),
                            "sudo sysctl -w vm.max_map_count=262144"));

  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  findings.push_back(require(limit.rlim_cur == RLIM_INFINITY,
                             "address space: unlimited (an enclave reserves 512 GiB of it, unused)",
                             "ulimit -v unlimited"));
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  findings.push_back({Verdict::ok,
                      "locked memory: " +
                          (limit.rlim_cur == RLIM_INFINITY ? std::string("unlimited")
                                                           : fmt::format("{} KiB", limit.rlim_cur >> 10)) +
                          " (Twine locks none)",
                      ""});
  ::getrlimit(RLIMIT_NOFILE, &limit);
  findings.push_back(
      advise(limit.rlim_cur >= 1024, fmt::format("open files: {}", limit.rlim_cur), "ulimit -n 65536"));

  const std::string huge = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  findings.push_back(
      {Verdict::ok, "transparent huge pages: " + (huge.empty() ? "not in this kernel" : huge), ""});
  const uint64_t overcommit = number_in("/proc/sys/vm/overcommit_memory");
  findings.push_back(
      advise(overcommit != 2, fmt::format("memory overcommit: mode {}", overcommit),
             "sudo sysctl -w vm.overcommit_memory=0, or large memories may be refused in emulation"));
  return findings;
}

Result<int> doctor() {
  const host::sgx::Probe probe = host::sgx::probe();
  print("hardware SGX", hardware_findings(probe));
  print("emulated SGX (keeps no secret; for development)", emulation_findings(probe));
  print("confinement of the host process", confinement_findings());
  print("limits", limit_findings());
  if (probe.hardware_usable() && probe.device_emulated) {
    fmt::print(
        "\nTwine runs here in what libtwine-sgx.so makes look like hardware SGX. It is emulated: no "
        "secrecy.\n");
  } else if (probe.hardware_usable()) {
    fmt::print("\nTwine runs in hardware SGX here.\n");
  } else if (probe.emulator_usable()) {
    fmt::print("\nTwine runs in emulated SGX here; hardware lacks what is listed above.\n");
  } else {
    fmt::print("\nTwine cannot run here: neither hardware nor emulated SGX is usable.\n");
    return 1;
  }
  return 0;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  CLI::App* const command = app.add_subcommand("doctor", "Say what this machine can do, and what is missing");
  command->footer(kFooter);
  set_action(command, status, [] { return doctor(); });
}

}  // namespace twine::cli

#include "host/confine/confine.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/confine/landlock.h"

namespace twine::host {
namespace {

struct Measure {
  const char* name;
  bool in_force;
  const char* needs;
};

std::array<Measure, 6> measures(const Confinement& confinement) {
  return {{
      {"no new privileges", confinement.no_new_privileges, "Linux 3.5"},
      {"no core dump", confinement.no_core_dump, "setrlimit"},
      {"files", confinement.files(), "Landlock of Linux 5.19, and landlock among the kernel's lsm="},
      {"network", confinement.network(), "Landlock of Linux 6.7"},
      {"signals", confinement.signals(), "Landlock of Linux 6.12"},
      {"system calls", confinement.system_calls, "a kernel with CONFIG_SECCOMP_FILTER"},
  }};
}

void append(std::string& list, const std::string& item) {
  if (!list.empty()) list += ", ";
  list += item;
}

bool seccomp_offered() {
  const uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool single_threaded() {
  std::error_code error;
  size_t threads = 0;
  for (std::filesystem::directory_iterator task("/proc/self/task", error), end; !error && task != end;
       task.increment(error))
    ++threads;
  return threads <= 1;
}

bool forbid_core_dumps() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

}  // namespace

std::string Confinement::in_force() const {
  std::string list;
  for (const Measure& measure : measures(*this)) {
    if (measure.in_force) append(list, measure.name);
  }
  return list.empty() ? "nothing" : list;
}

std::string Confinement::missing() const {
  std::string list;
  for (const Measure& measure : measures(*this)) {
    if (!measure.in_force) append(list, std::string(measure.name) + " (needs " + measure.needs + ")");
  }
  return list;
}

Confinement probe_confinement() {
  return {.no_new_privileges = true,
          .no_core_dump = true,
          .landlock_abi = landlock_abi(),
          .system_calls = seccomp_offered()};
}

Result<Confinement> confine_process(const std::vector<ConfinedDirectory>& directories,
                                    const ConfinedNetwork& network) {
  if (!single_threaded()) {
    return fail(ErrorCode::invalid_argument,
                "the process cannot be confined while it has other threads; confine it before they start");
  }
  const Confinement offered = probe_confinement();
  Confinement confinement;
  confinement.no_core_dump = forbid_core_dumps();
  // Both that follow demand it of whoever is not root.
  confinement.no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  if (!confinement.no_new_privileges) return confinement;
  if (offered.files()) {
    TWINE_TRY(confine_files(offered.landlock_abi, directories, network));
    confinement.landlock_abi = offered.landlock_abi;
  }
  if (offered.system_calls) {
    TWINE_TRY(confine_system_calls(network));
    confinement.system_calls = true;
  }
  return confinement;
}

}  // namespace twine::host

// The host process's own sandbox, put on before the enclave is entered for the first time and never taken off.
//
// Enclave and guest are kept from the machine by the enclave's code; this is what stands around them should that code, or the
// part of this process that serves it, be subverted.
//
//   measure               keeps the process from                                        by
//   no new privileges     gaining any through execve(2)                                 prctl(PR_SET_NO_NEW_PRIVS)
//   no core dump          leaving its memory on disk                                    RLIMIT_CORE = 0, PR_SET_DUMPABLE = 0
//   files                 every file outside the mounts; in a read-only mount: change   Landlock, ABI >= 2 (Linux 5.19)
//   network               TCP: bind, connect, but to the ports that --allow-net names   Landlock, ABI >= 4 (Linux 6.7)
//   signals               signalling other processes, abstract Unix sockets             Landlock, ABI >= 6 (Linux 6.12)
//   system calls          every system call that serving an enclave does not need;      seccomp filter, an allow-list
//                         those of sockets, unless the guest has some
//
// Files that are open already stay usable: standard streams, the device, /proc/self/mem. Landlock's first ABI is not used, because
// it forbids to rename from one directory into another, which guests may.
//
// Sources: Documentation/userspace-api/landlock.rst and seccomp_filter.rst of the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace twine::host {

// What stays reachable.
struct ConfinedDirectory {
  std::string path;
  bool read_only = false;
};

// What of the network stays reachable; nothing unless it is asked for.
struct ConfinedNetwork {
  bool uses_sockets = false;    // accepts, sends and receives on those that are open
  bool opens_sockets = false;   // and opens more: IPv4 and IPv6
  bool resolves_names = false;  // asks the resolver: its files below /etc, and port 53
  // TCP ports; nothing: all of them.
  std::optional<std::vector<uint16_t>> connect_ports = std::vector<uint16_t>{};
  std::optional<std::vector<uint16_t>> bind_ports = std::vector<uint16_t>{};
};

// What is in force, or could be.
struct Confinement {
  bool no_new_privileges = false;
  bool no_core_dump = false;
  int landlock_abi = 0;  // 0: files are not confined
  bool system_calls = false;

  [[nodiscard]] bool files() const { return landlock_abi >= 2; }
  [[nodiscard]] bool network() const { return landlock_abi >= 4; }
  [[nodiscard]] bool signals() const { return landlock_abi >= 6; }
  [[nodiscard]] bool complete() const { return no_new_privileges && no_core_dump && files() && system_calls; }

  // "no new privileges, no core dump, files, network, system calls"; "nothing" if so.
  [[nodiscard]] std::string in_force() const;
  // What is not, each with the kernel it needs: "files (needs Landlock of Linux 5.19, enabled by lsm=landlock)". Empty if
  // nothing is missing.
  [[nodiscard]] std::string missing() const;
};

// What this machine's kernel offers; changes nothing.
[[nodiscard]] Confinement probe_confinement();

// Confines the calling process, for good, as far as the kernel can. The process must have no other thread: Landlock holds the
// calling one and those it creates. What the kernel does not have is told by the result.
// Errors: not_found (a directory), invalid_argument (other threads are running), io.
[[nodiscard]] Result<Confinement> confine_process(const std::vector<ConfinedDirectory>& directories,
                                                  const ConfinedNetwork& network = {});

// The two parts, each for the calling thread and those it creates.
[[nodiscard]] Result<void> confine_files(int landlock_abi, const std::vector<ConfinedDirectory>& directories,
                                         const ConfinedNetwork& network);
[[nodiscard]] Result<void> confine_system_calls(const ConfinedNetwork& network);

}  // namespace twine::host

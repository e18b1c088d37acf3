// Landlock: which files, ports and processes can be reached. The C library has no functions for its system calls.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "host/confine/confine.h"
#include "host/services/unique_fd.h"

namespace twine::host {
namespace {

// The structure and the rights as of ABI 6; <linux/landlock.h> of Debian 12 ends at ABI 2. A kernel takes a structure longer than its
// own as long as what it does not know is zero.
struct Ruleset {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

struct PortRule {  // ABI 4
  uint64_t allowed_access;
  uint64_t port;
};
constexpr int kRuleNetPort = 2;

constexpr uint64_t kTruncate = uint64_t{1} << 14;          // ABI 3
constexpr uint64_t kBindTcp = uint64_t{1} << 0;            // ABI 4
constexpr uint64_t kConnectTcp = uint64_t{1} << 1;         // ABI 4
constexpr uint64_t kIoctlDevice = uint64_t{1} << 15;       // ABI 5
constexpr uint64_t kScopeAbstractUnix = uint64_t{1} << 0;  // ABI 6
constexpr uint64_t kScopeSignal = uint64_t{1} << 1;        // ABI 6

constexpr uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// What guests can ask for; no devices, sockets, pipes, and nothing is executed.
constexpr uint64_t kChanging = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                               LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                               LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
                               LANDLOCK_ACCESS_FS_REFER;
// Every right of ABI 2.
constexpr uint64_t kAllFiles = (uint64_t{LANDLOCK_ACCESS_FS_REFER} << 1) - 1;

uint64_t handled_files(int abi) {
  return kAllFiles | (abi >= 3 ? kTruncate : 0) | (abi >= 5 ? kIoctlDevice : 0);
}

Error system_error(const char* what) {
  return {ErrorCode::io, std::string("the process cannot be confined: ") + what + ": " +
                             std::strerror(errno) + "; --confine=off runs without"};
}

Result<void> add_directory(int ruleset, int abi, const ConfinedDirectory& directory) {
  const UniqueFd parent(::open(directory.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid())
    return fail(ErrorCode::not_found, directory.path + ": " + std::strerror(errno) + "; correct --dir");
  const uint64_t rights = kReading | (directory.read_only ? 0 : kChanging | kTruncate);
  const landlock_path_beneath_attr rule{.allowed_access = rights & handled_files(abi),
                                        .parent_fd = parent.get()};
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return std::unexpected(system_error("landlock_add_rule"));
  return {};
}

uint64_t handled_network(int abi, const ConfinedNetwork& network) {
  if (abi < 4) return 0;
  return (network.bind_ports ? kBindTcp : 0) | (network.connect_ports ? kConnectTcp : 0);
}

// What the C library's resolver reads; a machine need not have all of it.
Result<void> add_resolver_files(int ruleset) {
  for (const char* const path :
       {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"}) {
    const UniqueFd file(::open(path, O_PATH | O_CLOEXEC));
    if (!file.valid()) continue;
    const landlock_path_beneath_attr rule{.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
                                          .parent_fd = file.get()};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
      return std::unexpected(system_error("landlock_add_rule"));
  }
  return {};
}

Result<void> add_port(int ruleset, uint64_t access, uint16_t port) {
  const PortRule rule{.allowed_access = access, .port = port};
  if (syscall(SYS_landlock_add_rule, ruleset, kRuleNetPort, &rule, 0) != 0)
    return std::unexpected(system_error("landlock_add_rule"));
  return {};
}

Result<void> add_network(int ruleset, uint64_t handled, const ConfinedNetwork& network) {
  constexpr uint16_t dns = 53;  // a resolver whose answer does not fit a datagram asks again by TCP
  if ((handled & kConnectTcp) != 0 && network.connect_ports) {
    for (const uint16_t port : *network.connect_ports) TWINE_TRY(add_port(ruleset, kConnectTcp, port));
    if (network.resolves_names) TWINE_TRY(add_port(ruleset, kConnectTcp, dns));
  }
  if ((handled & kBindTcp) != 0 && network.bind_ports) {
    for (const uint16_t port : *network.bind_ports) TWINE_TRY(add_port(ruleset, kBindTcp, port));
  }
  return {};
}

}  // namespace

int landlock_abi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Result<void> confine_files(int abi, const std::vector<ConfinedDirectory>& directories,
                           const ConfinedNetwork& network) {
  const Ruleset attributes{
      .handled_access_fs = handled_files(abi),
      .handled_access_net = handled_network(abi, network),
      .scoped = abi >= 6 ? kScopeAbstractUnix | kScopeSignal : 0,
  };
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return std::unexpected(system_error("landlock_create_ruleset"));
  for (const ConfinedDirectory& directory : directories)
    TWINE_TRY(add_directory(ruleset.get(), abi, directory));
  if (network.resolves_names) TWINE_TRY(add_resolver_files(ruleset.get()));
  TWINE_TRY(add_network(ruleset.get(), attributes.handled_access_net, network));
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return std::unexpected(system_error("landlock_restrict_self"));
  return {};
}

}  // namespace twine::host

#include "enclave/wasi/context.h"

#include <utility>

#include "common/decimal.h"
#include "enclave/fs/host_directory.h"
#include "enclave/fs/host_stream.h"
#include "enclave/fs/memory_directory.h"
#include "enclave/net/socket.h"

namespace twine::wasi {

namespace {

// Device numbers of file systems in memory; the host's are smaller in practice, and only a program that compares them would care.
constexpr uint64_t kFirstMemoryDevice = uint64_t{1} << 62;

Resource launch_socket(const LaunchSocket& socket, hostcall::Handle handle) {
  auto family = net::SocketFamily::unspecified;
  if (const auto endpoint = parse_endpoint(socket.address); endpoint)
    family = endpoint->address.length == 4 ? net::SocketFamily::ipv4 : net::SocketFamily::ipv6;
  const auto type =
      socket.kind == LaunchSocketKind::datagram ? net::SocketType::datagram : net::SocketType::stream;
  const bool listens = socket.kind == LaunchSocketKind::listener;
  return {.descriptor = net::Socket::at_launch(handle, family, type),
          .rights = listens ? kListenerRights : kConnectionRights,
          .inheriting = listens ? kConnectionRights : 0,
          .preopen = {}};
}

}  // namespace

WasiContext::WasiContext(WasiConfig config)
    : wall_time(config.wall_time.not_before, config.wall_time.not_after),
      arguments(std::move(config.arguments)),
      environment(std::move(config.environment)),
      network(std::move(config.network.rules)) {
  // The table is empty and far larger than this, so these insertions cannot fail.
  const auto add_standard = [this](hostcall::Handle handle, Rights rights) {
    static_cast<void>(resources.insert(
        {.descriptor = fs::HostStream::standard(handle), .rights = rights, .inheriting = 0, .preopen = {}}));
  };
  add_standard(hostcall::kStdin, kStreamRights & ~rights::fd_write);
  add_standard(hostcall::kStdout, kStreamRights & ~rights::fd_read);
  add_standard(hostcall::kStderr, kStreamRights & ~rights::fd_read);
  uint32_t host_mounts = 0;
  for (Mount& mount : config.mounts) {
    std::unique_ptr<fs::Descriptor> directory;
    if (mount.in_memory()) {
      memory_trees.emplace_back(
          new fs::MemoryTree(mount.memory_bytes, kFirstMemoryDevice + memory_trees.size()));
      directory = std::make_unique<fs::MemoryDirectory>(*memory_trees.back(), memory_trees.back()->root(),
                                                        Fdflags{0});
    } else {
      directory = fs::HostDirectory::mount(host_mounts++, mount.read_only, small_transfers);
    }
    static_cast<void>(resources.insert({.descriptor = std::move(directory),
                                        .rights = kDirectoryRights,
                                        .inheriting = kDirectoryRights | kFileRights,
                                        .preopen = std::move(mount.guest_path)}));
  }
  for (uint32_t next = hostcall::kFirstMount + host_mounts;
       const LaunchSocket& socket : config.network.sockets)
    static_cast<void>(resources.insert(launch_socket(socket, next++)));
}

WasiContext::~WasiContext() = default;

Result<void> WasiContext::finish() {
  small_transfers.settle();
  if (const std::optional<Errno> error = small_transfers.unreported()) {
    return fail(ErrorCode::io, "what the program wrote last could not be stored (WASI errno " +
                                   decimal(static_cast<uint64_t>(*error)) + "); its files are incomplete");
  }
  return {};
}

}  // namespace twine::wasi

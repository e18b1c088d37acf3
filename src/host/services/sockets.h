// Sockets' addresses between the kernel's form and the door's, and the sockets that a launch opens for its guest.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "common/hostcall.h"
#include "common/manifest.h"
#include "common/network.h"
#include "common/result.h"
#include "host/services/unique_fd.h"

namespace twine::host {

struct KernelAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// Nothing if the family is none that exists.
std::optional<KernelAddress> to_kernel(const hostcall::SocketAddress& address);
// `unspecified` for families that are not IP's.
hostcall::SocketAddress from_kernel(const KernelAddress& address);

struct Listener {
  UniqueFd socket;
  SocketEndpoint endpoint;  // with the port that port 0 became
};

// Binds and listens, with SO_REUSEADDR; an IPv6 socket takes IPv6 only. Errors: those of parse_endpoint; io, permission, each
// naming the address.
Result<Listener> open_listener(std::string_view address);

// What socket an inherited descriptor is. Errors: invalid_argument (it is none, or of another type than stream and datagram).
Result<LaunchSocketKind> inherited_kind(int fd);

}  // namespace twine::host

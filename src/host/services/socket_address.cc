#include <cerrno>
#include <cstring>

#include "common/decimal.h"
#include "host/services/sockets.h"

namespace twine::host {

using hostcall::SocketAddress;
using hostcall::SocketFamily;

std::optional<KernelAddress> to_kernel(const SocketAddress& address) {
  KernelAddress result;
  if (address.family == SocketFamily::ipv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.bytes, sizeof in.sin_addr);
    std::memcpy(&result.storage, &in, sizeof in);
    result.length = sizeof in;
    return result;
  }
  if (address.family == SocketFamily::ipv6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, address.bytes, sizeof in.sin6_addr);
    std::memcpy(&result.storage, &in, sizeof in);
    result.length = sizeof in;
    return result;
  }
  return std::nullopt;
}

SocketAddress from_kernel(const KernelAddress& address) {
  SocketAddress result{};
  if (address.length >= sizeof(sockaddr_in) && address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    result.family = SocketFamily::ipv4;
    result.port = ntohs(in.sin_port);
    std::memcpy(result.bytes, &in.sin_addr, sizeof in.sin_addr);
  } else if (address.length >= sizeof(sockaddr_in6) && address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    result.family = SocketFamily::ipv6;
    result.port = ntohs(in.sin6_port);
    std::memcpy(result.bytes, &in.sin6_addr, sizeof in.sin6_addr);
  }
  return result;
}

Result<Listener> open_listener(std::string_view text) {
  SocketEndpoint endpoint = TWINE_TRY(parse_endpoint(text));
  const bool v6 = endpoint.address.length == 16;
  SocketAddress wanted{.family = v6 ? SocketFamily::ipv6 : SocketFamily::ipv4,
                       .port = endpoint.port,
                       .padding = 0,
                       .bytes = {}};
  std::memcpy(wanted.bytes, endpoint.address.bytes.data(), endpoint.address.length);
  const std::optional<KernelAddress> address = to_kernel(wanted);
  if (!address) return fail(ErrorCode::internal, std::string(text) + ": of no family that exists");

  UniqueFd socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const bool listens =
      socket.valid() && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      (!v6 || ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
      ::bind(socket.get(), address->get(), address->length) == 0 && ::listen(socket.get(), SOMAXCONN) == 0;
  KernelAddress bound{.storage = {}, .length = sizeof(sockaddr_storage)};
  if (!listens || ::getsockname(socket.get(), bound.get(), &bound.length) != 0) {
    return fail(errno == EACCES || errno == EPERM ? ErrorCode::permission : ErrorCode::io,
                "cannot listen on " + std::string(text) + ": " + std::strerror(errno) +
                    "; choose another --listen address");
  }
  endpoint.port = from_kernel(bound).port;
  return Listener{std::move(socket), endpoint};
}

Result<LaunchSocketKind> inherited_kind(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    return fail(ErrorCode::invalid_argument, "descriptor " + std::to_string(fd) + " is not an open socket: " +
                                                 std::strerror(errno) + "; correct --inherit-fd");
  }
  if (type == SOCK_DGRAM) return LaunchSocketKind::datagram;
  if (type != SOCK_STREAM) {
    return fail(ErrorCode::invalid_argument,
                "descriptor " + std::to_string(fd) +
                    " is neither a stream nor a datagram socket; correct --inherit-fd");
  }
  int listening = 0;
  size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0)
    return LaunchSocketKind::listener;
  return LaunchSocketKind::stream;
}

}  // namespace twine::host

// Host calls on sockets. What the guest may reach was decided inside; what this process may reach at all, by confine/.
#include "host/services/sockets.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "host/services/services_impl.h"
#include "host/services/system.h"

namespace twine::host {

namespace {

using hostcall::SocketAddress;
using hostcall::SocketFamily;
using hostcall::SocketOption;
using wasi::Errno;

constexpr uint64_t kMicrosecondsPerSecond = 1'000'000;

int kernel_family(SocketFamily family) {
  return family == SocketFamily::ipv4 ? AF_INET : family == SocketFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
}

IoResult<KernelAddress> only_address(std::span<const SocketAddress> addresses) {
  if (addresses.size() != 1) return std::unexpected(Errno::inval);
  const auto address = to_kernel(addresses.front());
  if (!address) return std::unexpected(Errno::afnosupport);
  return *address;
}

IoResult<uint64_t> zero(const IoResult<int>& reply) {
  if (!reply) return std::unexpected(reply.error());
  return 0;
}

std::shared_ptr<OpenFile> open_socket(int fd) {
  auto file = std::make_shared<OpenFile>();
  file->owned = UniqueFd(fd);
  file->stream = true;
  return file;
}

// A connect that a signal interrupted goes on by itself: its end is waited for, not asked for again.
IoResult<uint64_t> finish_connect(int fd) {
  pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
  const auto polled = retrying([&] { return ::poll(&waiting, 1, -1); });
  if (!polled) return std::unexpected(polled.error());
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return system_error();
  if (error != 0) return std::unexpected(to_wasi(error));
  return 0;
}

// Options that are one int for the kernel too.
struct IntOption {
  SocketOption option;
  int level;
  int name;
};
constexpr IntOption kIntOptions[] = {
    {SocketOption::broadcast, SOL_SOCKET, SO_BROADCAST},
    {SocketOption::keep_alive, SOL_SOCKET, SO_KEEPALIVE},
    {SocketOption::reuse_address, SOL_SOCKET, SO_REUSEADDR},
    {SocketOption::reuse_port, SOL_SOCKET, SO_REUSEPORT},
    {SocketOption::tcp_no_delay, IPPROTO_TCP, TCP_NODELAY},
    {SocketOption::tcp_quick_ack, IPPROTO_TCP, TCP_QUICKACK},
    {SocketOption::tcp_fastopen_connect, IPPROTO_TCP, TCP_FASTOPEN_CONNECT},
    {SocketOption::ipv6_only, IPPROTO_IPV6, IPV6_V6ONLY},
    {SocketOption::ipv4_multicast_loop, IPPROTO_IP, IP_MULTICAST_LOOP},
    {SocketOption::ipv6_multicast_loop, IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    {SocketOption::receive_buffer, SOL_SOCKET, SO_RCVBUF},
    {SocketOption::send_buffer, SOL_SOCKET, SO_SNDBUF},
    {SocketOption::tcp_keep_idle, IPPROTO_TCP, TCP_KEEPIDLE},
    {SocketOption::tcp_keep_interval, IPPROTO_TCP, TCP_KEEPINTVL},
    {SocketOption::ip_ttl, IPPROTO_IP, IP_TTL},
    {SocketOption::ip_multicast_ttl, IPPROTO_IP, IP_MULTICAST_TTL},
};

const IntOption* find_int_option(SocketOption option) {
  const auto* found = std::ranges::find(kIntOptions, option, &IntOption::option);
  return found == std::end(kIntOptions) ? nullptr : found;
}

int timeout_name(SocketOption option) {
  return option == SocketOption::receive_timeout ? SO_RCVTIMEO : SO_SNDTIMEO;
}

template <typename T>
IoResult<T> get_option(int fd, int level, int name) {
  T value{};
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, name, &value, &size) != 0) return system_error();
  return value;
}

template <typename T>
IoResult<uint64_t> set_option(int fd, int level, int name, const T& value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) return system_error();
  return 0;
}

IoResult<uint64_t> change_membership(int fd, bool joins, uint64_t interface,
                                     std::span<const SocketAddress> group) {
  if (group.size() != 1 || interface > std::numeric_limits<uint32_t>::max())
    return std::unexpected(Errno::inval);
  if (group.front().family == SocketFamily::ipv4) {
    ip_mreq request{};
    std::memcpy(&request.imr_multiaddr, group.front().bytes, sizeof request.imr_multiaddr);
    request.imr_interface.s_addr = htonl(static_cast<uint32_t>(interface));
    return set_option(fd, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.front().bytes, sizeof request.ipv6mr_multiaddr);
  request.ipv6mr_interface = static_cast<uint32_t>(interface);
  return set_option(fd, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request);
}

Errno resolver_error(int code) {
  switch (code) {
    case EAI_AGAIN:
      return Errno::again;
    case EAI_MEMORY:
      return Errno::nomem;
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return Errno::noent;
    default:
      return Errno::io;
  }
}

}  // namespace

IoResult<uint64_t> Services::Impl::socket_open(uint32_t family, uint32_t type) {
  const int domain = kernel_family(static_cast<SocketFamily>(family));
  if (domain == AF_UNSPEC) return std::unexpected(Errno::afnosupport);
  if (type > static_cast<uint32_t>(hostcall::SocketType::stream)) return std::unexpected(Errno::inval);
  const bool streams = type == static_cast<uint32_t>(hostcall::SocketType::stream);
  const auto fd =
      retrying([&] { return ::socket(domain, (streams ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0); });
  if (!fd) return std::unexpected(fd.error());
  auto file = open_socket(*fd);
  // An IPv6 socket that took IPv4 too would listen where the guest did not ask.
  if (domain == AF_INET6) {
    if (const auto set = set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, int{1}); !set) return set;
  }
  return handles_.insert(std::move(file));
}

IoResult<uint64_t> Services::Impl::socket_bind(Handle socket, std::span<const SocketAddress> addresses) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const KernelAddress address = TWINE_TRY(only_address(addresses));
  return zero(retrying([&] { return ::bind(file->fd(), address.get(), address.length); }));
}

IoResult<uint64_t> Services::Impl::socket_connect(Handle socket, std::span<const SocketAddress> addresses) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const KernelAddress address = TWINE_TRY(only_address(addresses));
  if (::connect(file->fd(), address.get(), address.length) == 0) return 0;
  if (errno != EINTR || deadline_has_passed != 0) return system_error();
  return finish_connect(file->fd());
}

IoResult<uint64_t> Services::Impl::socket_listen(Handle socket, uint32_t backlog) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const int limit = static_cast<int>(std::min<uint32_t>(backlog, std::numeric_limits<int>::max()));
  return zero(retrying([&] { return ::listen(file->fd(), limit); }));
}

IoResult<uint64_t> Services::Impl::socket_accept(Handle socket, uint32_t fdflags, SocketAddress& peer) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const int flags = SOCK_CLOEXEC | ((fdflags & wasi::fdflags::nonblock) != 0 ? SOCK_NONBLOCK : 0);
  KernelAddress address;
  const int fd = TWINE_TRY(retrying([&] {
    address.length = sizeof address.storage;
    return ::accept4(file->fd(), address.get(), &address.length, flags);
  }));
  peer = from_kernel(address);
  return handles_.insert(open_socket(fd));
}

IoResult<uint64_t> Services::Impl::socket_receive(Handle socket, uint32_t flags, std::span<std::byte> data,
                                                  hostcall::SocketReceived& received) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const int kernel_flags = ((flags & hostcall::kReceivePeek) != 0 ? MSG_PEEK : 0) |
                           ((flags & hostcall::kReceiveWaitAll) != 0 ? MSG_WAITALL : 0);
  KernelAddress address;
  iovec piece{.iov_base = data.data(), .iov_len = data.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const ssize_t count = TWINE_TRY(retrying([&] {
    message.msg_name = address.get();
    message.msg_namelen = sizeof address.storage;
    return ::recvmsg(file->fd(), &message, kernel_flags);
  }));
  address.length = message.msg_namelen;
  received = {.from = from_kernel(address),
              .flags = (message.msg_flags & MSG_TRUNC) != 0 ? uint32_t{hostcall::kDataTruncated} : 0,
              .padding = 0};
  return static_cast<uint64_t>(count);
}

IoResult<uint64_t> Services::Impl::socket_send(Handle socket, std::span<const std::byte> data,
                                               std::span<const SocketAddress> to) {
  const auto file = TWINE_TRY(handles_.find(socket));
  KernelAddress address;
  if (!to.empty()) address = TWINE_TRY(only_address(to));
  const auto sent = retrying([&] {
    return ::sendto(file->fd(), data.data(), data.size(), MSG_NOSIGNAL, to.empty() ? nullptr : address.get(),
                    address.length);
  });
  if (!sent) return std::unexpected(sent.error());
  return static_cast<uint64_t>(*sent);
}

IoResult<uint64_t> Services::Impl::socket_shutdown(Handle socket, uint32_t how) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const bool receive = (how & hostcall::kShutdownReceive) != 0;
  const bool send = (how & hostcall::kShutdownSend) != 0;
  if (!receive && !send) return std::unexpected(Errno::inval);
  return zero(retrying([&] {
    return ::shutdown(file->fd(), receive && send ? SHUT_RDWR : receive ? SHUT_RD : SHUT_WR);
  }));
}

IoResult<uint64_t> Services::Impl::socket_name(Handle socket, uint32_t end, SocketAddress& name) {
  const auto file = TWINE_TRY(handles_.find(socket));
  KernelAddress address;
  address.length = sizeof address.storage;
  const bool remote = end == static_cast<uint32_t>(hostcall::SocketEnd::remote);
  const int done = remote ? ::getpeername(file->fd(), address.get(), &address.length)
                          : ::getsockname(file->fd(), address.get(), &address.length);
  if (done != 0) return system_error();
  name = from_kernel(address);
  return 0;
}

IoResult<uint64_t> Services::Impl::socket_option_get(Handle socket, uint32_t number) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const auto option = static_cast<SocketOption>(number);
  if (const IntOption* known = find_int_option(option)) {
    const int value = TWINE_TRY(get_option<int>(file->fd(), known->level, known->name));
    // Linux answers some switches with their own bit.
    if (option < SocketOption::receive_buffer) return value != 0 ? 1 : 0;
    return static_cast<uint64_t>(std::max(value, 0));
  }
  if (option == SocketOption::receive_timeout || option == SocketOption::send_timeout) {
    const auto time = TWINE_TRY(get_option<timeval>(file->fd(), SOL_SOCKET, timeout_name(option)));
    return static_cast<uint64_t>(time.tv_sec) * kMicrosecondsPerSecond + static_cast<uint64_t>(time.tv_usec);
  }
  if (option == SocketOption::linger) {
    const auto value = TWINE_TRY(get_option<::linger>(file->fd(), SOL_SOCKET, SO_LINGER));
    return value.l_onoff == 0 ? 0 : static_cast<uint64_t>(std::max(value.l_linger, 0)) + 1;
  }
  return std::unexpected(Errno::noprotoopt);
}

IoResult<uint64_t> Services::Impl::socket_option_set(Handle socket, uint32_t number, uint64_t value,
                                                     std::span<const SocketAddress> group) {
  const auto file = TWINE_TRY(handles_.find(socket));
  const auto option = static_cast<SocketOption>(number);
  if (const IntOption* known = find_int_option(option)) {
    if (value > std::numeric_limits<int>::max()) return std::unexpected(Errno::inval);
    return set_option(file->fd(), known->level, known->name, static_cast<int>(value));
  }
  if (option == SocketOption::receive_timeout || option == SocketOption::send_timeout) {
    if (value > std::numeric_limits<int64_t>::max()) return std::unexpected(Errno::inval);
    const timeval time{.tv_sec = static_cast<time_t>(value / kMicrosecondsPerSecond),
                       .tv_usec = static_cast<suseconds_t>(value % kMicrosecondsPerSecond)};
    return set_option(file->fd(), SOL_SOCKET, timeout_name(option), time);
  }
  if (option == SocketOption::linger) {
    if (value > std::numeric_limits<int>::max()) return std::unexpected(Errno::inval);
    const ::linger linger{.l_onoff = value != 0 ? 1 : 0,
                          .l_linger = value != 0 ? static_cast<int>(value - 1) : 0};
    return set_option(file->fd(), SOL_SOCKET, SO_LINGER, linger);
  }
  if (option == SocketOption::join_group || option == SocketOption::leave_group)
    return change_membership(file->fd(), option == SocketOption::join_group, value, group);
  return std::unexpected(Errno::noprotoopt);
}

IoResult<uint64_t> Services::Impl::name_resolve(std::string_view name, uint32_t family,
                                                std::span<SocketAddress> addresses) {
  addrinfo hints{};
  hints.ai_family = kernel_family(static_cast<SocketFamily>(family));
  hints.ai_socktype = SOCK_STREAM;  // each address once
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(std::string(name).c_str(), nullptr, &hints, &list); code != 0)
    return std::unexpected(resolver_error(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  std::ranges::fill(addresses, SocketAddress{});
  uint64_t count = 0;
  for (const addrinfo* entry = list;
       entry != nullptr && count < std::min<uint64_t>(addresses.size(), hostcall::kMaxResolvedAddresses);
       entry = entry->ai_next) {
    KernelAddress address;
    address.length = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    const SocketAddress found = from_kernel(address);
    if (found.family != SocketFamily::unspecified) addresses[count++] = found;
  }
  return count;
}

}  // namespace twine::host

#include "enclave/net/socket.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "common/entry.h"
#include "common/result.h"
#include "enclave/hostcall/hostcalls.h"

namespace twine::net {

using hostcall::Call;
using wasi::Errno;

namespace {

constexpr uint64_t kMaxDatagram = 65535;
// What one call moves at most; the arena holds an address and flags beside it.
constexpr uint64_t kMaxTransfer = kArenaDataSize - 64;

uint64_t largest_value(SocketOption option) {
  if (option < SocketOption::receive_buffer) return 1;
  switch (option) {
    case SocketOption::ip_ttl:
    case SocketOption::ip_multicast_ttl:
      return 255;
    case SocketOption::receive_timeout:
    case SocketOption::send_timeout:
      return std::numeric_limits<int64_t>::max();
    case SocketOption::linger:
      return uint64_t{1} << 31;
    default:
      return std::numeric_limits<int32_t>::max();
  }
}

std::span<const SocketAddress> one(const SocketAddress& address) {
  return {&address, 1};
}

}  // namespace

IpAddress ip_of(const SocketAddress& address) {
  IpAddress ip;
  ip.length = address.family == SocketFamily::ipv4 ? 4 : address.family == SocketFamily::ipv6 ? 16 : 0;
  std::copy_n(address.bytes, ip.length, ip.bytes.begin());
  return ip;
}

SocketAddress socket_address(const IpAddress& address, uint16_t port) {
  SocketAddress result{.family = address.length == 4 ? SocketFamily::ipv4 : SocketFamily::ipv6,
                       .port = port,
                       .padding = 0,
                       .bytes = {}};
  std::copy_n(address.bytes.begin(), address.length, result.bytes);
  return result;
}

IoResult<std::unique_ptr<Socket>> Socket::open(SocketFamily family, SocketType type) {
  const hostcall::Handle handle =
      TWINE_TRY(hostcall::socket_open(static_cast<uint32_t>(family), static_cast<uint32_t>(type)));
  return std::unique_ptr<Socket>(
      new Socket(hostcall::OwnedHandle::take(Call::socket_open, handle), family, type, fs::Fdflags{0}));
}

std::unique_ptr<Socket> Socket::at_launch(hostcall::Handle handle, SocketFamily family, SocketType type) {
  return std::unique_ptr<Socket>(
      new Socket(hostcall::OwnedHandle::at_launch(handle), family, type, fs::Fdflags{0}));
}

IoResult<void> Socket::check_family(const SocketAddress& address) const {
  if (family_ != SocketFamily::unspecified && address.family != family_)
    return std::unexpected(Errno::afnosupport);
  return {};
}

void Socket::check_answer(Call call, const SocketAddress& address, bool may_be_missing) const {
  if (address.family == family_ || family_ == SocketFamily::unspecified) return;
  if (may_be_missing && address.family == SocketFamily::unspecified) return;
  hostcall::reply_attack(call, "an address is not of the socket's family");
}

IoResult<void> Socket::bind(const Policy& policy, const SocketAddress& address) {
  TWINE_TRY(check_family(address));
  const IpAddress ip = ip_of(address);
  if (!policy.allows(NetworkAction::listen, ip, address.port)) return std::unexpected(Errno::acces);
  // At [::] a socket that is not IPv6 only takes what comes to 0.0.0.0 too.
  const bool dual = address.family == SocketFamily::ipv6 && !ipv6_only_ && ip.is_wildcard();
  if (dual && !policy.allows(NetworkAction::listen, IpAddress::v4(0, 0, 0, 0), address.port))
    return std::unexpected(Errno::acces);
  TWINE_TRY(hostcall::socket_bind(handle_.get(), one(address)));
  bound_ = true;
  return {};
}

IoResult<void> Socket::connect(const Policy& policy, const SocketAddress& address) {
  TWINE_TRY(check_family(address));
  if (!policy.allows(NetworkAction::connect, ip_of(address), address.port))
    return std::unexpected(Errno::acces);
  return hostcall::socket_connect(handle_.get(), one(address));
}

IoResult<void> Socket::listen(uint32_t backlog) {
  if (!bound_) return std::unexpected(Errno::acces);
  return hostcall::socket_listen(handle_.get(), backlog);
}

IoResult<std::unique_ptr<Socket>> Socket::accept(wasi::Fdflags flags, SocketAddress& peer) {
  const hostcall::Handle handle = TWINE_TRY(hostcall::socket_accept(handle_.get(), flags, peer));
  auto accepted = std::unique_ptr<Socket>(new Socket(hostcall::OwnedHandle::take(Call::socket_accept, handle),
                                                     family_, SocketType::stream, flags));
  check_answer(Call::socket_accept, peer, /*may_be_missing=*/false);
  return accepted;
}

IoResult<uint64_t> Socket::receive_part(const fs::Scatter& to, uint32_t flags,
                                        hostcall::SocketReceived& received) {
  const uint64_t count = TWINE_TRY(hostcall::socket_receive(handle_.get(), flags, to, received));
  check_answer(Call::socket_receive, received.from, /*may_be_missing=*/true);
  return count;
}

IoResult<uint64_t> Socket::receive(const fs::Scatter& to, uint32_t flags,
                                   hostcall::SocketReceived& received) {
  received = {};
  if (total_size(to) <= kMaxTransfer) return receive_part(to, flags, received);
  // More than the arena holds. Whoever waits for all of it gets it in parts; anybody else is content with the first.
  const bool waits =
      is_stream() && (flags & hostcall::kReceiveWaitAll) != 0 && (flags & hostcall::kReceivePeek) == 0;
  uint64_t done = 0;
  for (size_t i = 0; i < to.count(); ++i) {
    for (std::span<std::byte> piece = to[i]; !piece.empty();) {
      const auto part = piece.first(std::min<uint64_t>(piece.size(), kMaxTransfer));
      const IoResult<uint64_t> count = receive_part(fs::Scatter(part), flags, received);
      if (!count) return done != 0 ? IoResult<uint64_t>(done) : count;
      done += *count;
      if (*count < part.size() || !waits) return done;
      piece = piece.subspan(part.size());
    }
  }
  return done;
}

IoResult<uint64_t> Socket::send(const fs::Gather& from) {
  if (!is_stream() && total_size(from) > kMaxDatagram) return std::unexpected(Errno::msgsize);
  if (total_size(from) <= kMaxTransfer) return hostcall::socket_send(handle_.get(), from, {});
  uint64_t done = 0;
  for (size_t i = 0; i < from.count(); ++i) {
    for (std::span<const std::byte> piece = from[i]; !piece.empty();) {
      const auto part = piece.first(std::min<uint64_t>(piece.size(), kMaxTransfer));
      const IoResult<uint64_t> count = hostcall::socket_send(handle_.get(), fs::Gather(part), {});
      if (!count) return done != 0 ? IoResult<uint64_t>(done) : count;
      done += *count;
      if (*count < part.size()) return done;
      piece = piece.subspan(part.size());
    }
  }
  return done;
}

IoResult<uint64_t> Socket::send_to(const Policy& policy, const fs::Gather& from,
                                   const SocketAddress& address) {
  TWINE_TRY(check_family(address));
  if (is_stream()) return std::unexpected(Errno::isconn);
  if (!policy.allows(NetworkAction::connect, ip_of(address), address.port))
    return std::unexpected(Errno::acces);
  if (total_size(from) > kMaxDatagram) return std::unexpected(Errno::msgsize);
  return hostcall::socket_send(handle_.get(), from, one(address));
}

IoResult<void> Socket::shutdown(uint32_t how) {
  return hostcall::socket_shutdown(handle_.get(), how);
}

IoResult<SocketAddress> Socket::name(hostcall::SocketEnd end) {
  SocketAddress address{};
  TWINE_TRY(hostcall::socket_name(handle_.get(), static_cast<uint32_t>(end), address));
  check_answer(Call::socket_name, address, /*may_be_missing=*/false);
  return address;
}

IoResult<uint64_t> Socket::option(SocketOption option) {
  const uint64_t value = TWINE_TRY(hostcall::socket_option_get(handle_.get(), static_cast<uint32_t>(option)));
  if (value > largest_value(option))
    hostcall::reply_attack(Call::socket_option_get, "the option cannot have this value");
  return value;
}

IoResult<void> Socket::set_option(SocketOption option, uint64_t value) {
  if (value > largest_value(option)) return std::unexpected(Errno::inval);
  TWINE_TRY(hostcall::socket_option_set(handle_.get(), static_cast<uint32_t>(option), value, {}));
  if (option == SocketOption::ipv6_only) ipv6_only_ = value != 0;
  return {};
}

IoResult<void> Socket::change_membership(const Policy& policy, SocketOption how, const SocketAddress& group,
                                         uint32_t interface) {
  if (!policy.allows_group(ip_of(group))) return std::unexpected(Errno::acces);
  return hostcall::socket_option_set(handle_.get(), static_cast<uint32_t>(how), interface, one(group));
}

IoResult<uint64_t> Socket::read(const fs::Scatter& to) {
  hostcall::SocketReceived received;
  return receive(to, 0, received);
}

IoResult<fs::Filestat> Socket::stat() {
  fs::Filestat stat{};
  TWINE_TRY(hostcall::file_stat(handle_.get(), "", /*follow=*/0, stat));
  return stat;
}

IoResult<void> Socket::set_flags(fs::Fdflags flags) {
  if ((flags & ~wasi::fdflags::nonblock) != 0) return std::unexpected(Errno::inval);
  TWINE_TRY(hostcall::file_set_flags(handle_.get(), flags));
  remember_flags(flags);
  return {};
}

}  // namespace twine::net

// The socket extension that programs built for WAMR use (wasi_socket_ext): sockets of the program's own, under the policy of
// `--allow-net` (net/policy.h). Its structs: sock_layout.h. sock_options.cc has the getters and setters.

#include <algorithm>
#include <array>
#include <vector>

#include "enclave/hostcall/hostcalls.h"
#include "enclave/wasi/iovecs.h"
#include "enclave/wasi/sock.h"
#include "enclave/wasi/sock_layout.h"
#include "enclave/wasi/wasi.h"

namespace twine::wasi {

namespace {

using hostcall::SocketAddress;
using hostcall::SocketFamily;

constexpr Rights kSocketRights = kConnectionRights | kListenerRights;
constexpr uint32_t kMaxService = 32;

// A NUL-terminated string of at most `limit` bytes, copied; none at address 0. nametoolong.
Outcome<std::string> load_c_string(const Call& call, uint32_t address, uint32_t limit) {
  std::string text;
  for (; address != 0; ++address) {
    const char c = TWINE_TRY(call.memory.load<char>(address));
    if (c == '\0') break;
    if (text.size() == limit) return std::unexpected(Errno::nametoolong);
    text += c;
  }
  return text;
}

Outcome<SocketAddress> load_address(const Call& call, uint32_t address) {
  const auto loaded = TWINE_TRY(call.memory.load<SockAddress>(address));
  return TWINE_TRY(from_guest(loaded));
}

// The pool of addresses that WAMR's descriptor stands for is the launch's policy here, whatever its number.
Outcome<void> sock_open(Call& call, uint32_t /*poolfd*/, uint32_t family, uint32_t type, uint32_t fd) {
  const auto kind = static_cast<SockFamily>(family);
  if (kind != SockFamily::ipv4 && kind != SockFamily::ipv6) return std::unexpected(Errno::afnosupport);
  if (type > static_cast<uint32_t>(SockType::stream)) return std::unexpected(Errno::inval);
  if (!call.context.network.has_rules()) return std::unexpected(Errno::acces);
  TWINE_TRY(call.memory.bytes(fd, sizeof(uint32_t)));
  auto socket =
      TWINE_TRY(net::Socket::open(kind == SockFamily::ipv4 ? SocketFamily::ipv4 : SocketFamily::ipv6,
                                  static_cast<net::SocketType>(type)));
  const uint32_t number = TWINE_TRY(call.context.resources.insert({.descriptor = std::move(socket),
                                                                   .rights = kSocketRights,
                                                                   .inheriting = kConnectionRights,
                                                                   .preopen = {}}));
  TWINE_TRY(call.memory.store(fd, number));
  return {};
}

Outcome<void> sock_bind(Call& call, uint32_t fd, uint32_t address) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::sock_accept));
  const SocketAddress to = TWINE_TRY(load_address(call, address));
  TWINE_TRY(socket->bind(call.context.network, to));
  return {};
}

Outcome<void> sock_connect(Call& call, uint32_t fd, uint32_t address) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::fd_write));
  const SocketAddress to = TWINE_TRY(load_address(call, address));
  TWINE_TRY(socket->connect(call.context.network, to));
  return {};
}

Outcome<void> sock_listen(Call& call, uint32_t fd, uint32_t backlog) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::sock_accept));
  TWINE_TRY(socket->listen(backlog));
  return {};
}

Outcome<void> sock_close(Call& call, uint32_t fd) {
  TWINE_TRY(find_socket(call, fd));
  const Resource resource = TWINE_TRY(call.context.resources.remove(fd));
  TWINE_TRY(resource.descriptor->close());
  return {};
}

Outcome<void> store_name(const Call& call, uint32_t fd, hostcall::SocketEnd end, uint32_t address) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd));
  const SocketAddress name = TWINE_TRY(socket->name(end));
  TWINE_TRY(call.memory.store(address, to_guest(name)));
  return {};
}

Outcome<void> sock_addr_local(Call& call, uint32_t fd, uint32_t address) {
  return store_name(call, fd, hostcall::SocketEnd::local, address);
}

Outcome<void> sock_addr_remote(Call& call, uint32_t fd, uint32_t address) {
  return store_name(call, fd, hostcall::SocketEnd::remote, address);
}

Outcome<void> sock_recv_from(Call& call, uint32_t fd, uint32_t ri_data, uint32_t ri_data_len,
                             uint32_t ri_flags, uint32_t src_addr, uint32_t ro_datalen) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::fd_read));
  const uint32_t flags = TWINE_TRY(receive_flags(ri_flags));
  auto buffers = TWINE_TRY(Iovecs<std::byte>::load(call, ri_data, ri_data_len));
  hostcall::SocketReceived received;
  const uint64_t count = TWINE_TRY(socket->receive(buffers.pieces(), flags, received));
  TWINE_TRY(call.memory.store(src_addr, to_guest(received.from)));
  TWINE_TRY(call.memory.store(ro_datalen, static_cast<uint32_t>(count)));
  return {};
}

Outcome<void> sock_send_to(Call& call, uint32_t fd, uint32_t si_data, uint32_t si_data_len, uint32_t si_flags,
                           uint32_t dest_addr, uint32_t so_datalen) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::fd_write));
  if (si_flags != 0) return std::unexpected(Errno::inval);
  const SocketAddress to = TWINE_TRY(load_address(call, dest_addr));
  auto buffers = TWINE_TRY(Iovecs<const std::byte>::load(call, si_data, si_data_len));
  const uint64_t count = TWINE_TRY(socket->send_to(call.context.network, buffers.pieces(), to));
  TWINE_TRY(call.memory.store(so_datalen, static_cast<uint32_t>(count)));
  return {};
}

// ---------------------------------------------------------------- names

// A port number, or one of the services whose port nobody needs to look up. noent for others.
Outcome<uint16_t> service_port(std::string_view service) {
  struct Service {
    std::string_view name;
    uint16_t port;
  };
  static constexpr Service kServices[] = {{"", 0},        {"ftp", 21},   {"ssh", 22},  {"smtp", 25},
                                          {"domain", 53}, {"http", 80},  {"ntp", 123}, {"imap", 143},
                                          {"ldap", 389},  {"https", 443}};
  for (const Service& known : kServices) {
    if (known.name == service) return known.port;
  }
  uint32_t port = 0;
  for (const char c : service) {
    if (c < '0' || c > '9') return std::unexpected(Errno::noent);
    port = port * 10 + static_cast<uint32_t>(c - '0');
    if (port > UINT16_MAX) return std::unexpected(Errno::noent);
  }
  return static_cast<uint16_t>(port);
}

// The addresses of `host`: its own, if it is one; else what the host's resolver says, checked and remembered for the policy.
Outcome<std::vector<SocketAddress>> resolve(const Call& call, std::string_view host, SocketFamily family) {
  std::vector<SocketAddress> addresses;
  if (const auto literal = parse_ip(host)) {
    addresses.push_back(net::socket_address(*literal, 0));
    if (family != SocketFamily::unspecified && addresses.front().family != family)
      return std::unexpected(Errno::noent);
    return addresses;
  }
  const auto name = canonical_host_name(host);
  if (!name) return std::unexpected(Errno::noent);
  net::Policy& policy = call.context.network;
  if (!policy.may_resolve(*name)) return std::unexpected(Errno::acces);
  addresses.resize(hostcall::kMaxResolvedAddresses);
  const uint64_t count = TWINE_TRY(hostcall::name_resolve(*name, static_cast<uint32_t>(family), addresses));
  addresses.resize(count);
  for (const SocketAddress& address : addresses) {
    const bool wanted = family == SocketFamily::unspecified ? address.family != SocketFamily::unspecified
                                                            : address.family == family;
    if (!wanted || address.port != 0)
      hostcall::reply_attack(hostcall::Call::name_resolve, "an address is not what was asked for");
    policy.remember(*name, net::ip_of(address));
  }
  return addresses;
}

struct Wanted {
  SocketFamily family = SocketFamily::unspecified;
  bool datagram = true;
  bool stream = true;
};

Outcome<Wanted> load_hints(const Call& call, uint32_t address) {
  Wanted wanted;
  if (address == 0) return wanted;
  const auto hints = TWINE_TRY(call.memory.load<SockHints>(address));
  if (hints.enabled == 0) return wanted;
  if (hints.family > static_cast<uint32_t>(SockFamily::unspecified))
    return std::unexpected(Errno::afnosupport);
  const auto family = static_cast<SockFamily>(hints.family);
  if (family != SockFamily::unspecified)
    wanted.family = family == SockFamily::ipv4 ? SocketFamily::ipv4 : SocketFamily::ipv6;
  const auto type = static_cast<SockType>(hints.type);
  if (type != SockType::any && type != SockType::datagram && type != SockType::stream)
    return std::unexpected(Errno::inval);
  wanted.datagram = type != SockType::stream;
  wanted.stream = type != SockType::datagram;
  return wanted;
}

// `capacity` address infos fit at `infos`; how many there are goes to `count`, which may be more.
Outcome<void> sock_addr_resolve(Call& call, uint32_t host, uint32_t service, uint32_t hints, uint32_t infos,
                                uint32_t capacity, uint32_t count) {
  const std::string name = TWINE_TRY(load_c_string(call, host, kMaxHostName + 1));
  const std::string service_name = TWINE_TRY(load_c_string(call, service, kMaxService));
  const uint16_t port = TWINE_TRY(service_port(service_name));
  const Wanted wanted = TWINE_TRY(load_hints(call, hints));
  const auto to = TWINE_TRY(call.memory.bytes(infos, uint64_t{capacity} * sizeof(SockAddressInfo)));
  if (name.empty()) return std::unexpected(Errno::inval);
  const std::vector<SocketAddress> addresses = TWINE_TRY(resolve(call, name, wanted.family));
  uint32_t found = 0;
  for (SocketAddress address : addresses) {
    address.port = port;
    for (const SockType type : {SockType::stream, SockType::datagram}) {
      if (type == SockType::stream ? !wanted.stream : !wanted.datagram) continue;
      const SockAddressInfo info{to_guest(address), static_cast<uint32_t>(type)};
      if (found < capacity) std::memcpy(to.data() + found * sizeof info, &info, sizeof info);
      ++found;
    }
  }
  TWINE_TRY(call.memory.store(count, found));
  return {};
}

#define TWINE_SOCK_FUNCTION(name) bind<&name>(#name)
constexpr std::array kFunctions = {
    TWINE_SOCK_FUNCTION(sock_addr_local),   TWINE_SOCK_FUNCTION(sock_addr_remote),
    TWINE_SOCK_FUNCTION(sock_addr_resolve), TWINE_SOCK_FUNCTION(sock_bind),
    TWINE_SOCK_FUNCTION(sock_close),        TWINE_SOCK_FUNCTION(sock_connect),
    TWINE_SOCK_FUNCTION(sock_listen),       TWINE_SOCK_FUNCTION(sock_open),
    TWINE_SOCK_FUNCTION(sock_recv_from),    TWINE_SOCK_FUNCTION(sock_send_to),
};
#undef TWINE_SOCK_FUNCTION

}  // namespace

std::span<const HostFunction> wasi_socket_functions() {
  return kFunctions;
}

}  // namespace twine::wasi

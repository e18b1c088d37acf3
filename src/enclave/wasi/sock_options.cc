// The socket extension's options: sock_get_X and sock_set_X. Most are one value that passes to the host as it is; what the guest's C
// type for it is (bool is one byte, size_t four) stands in the table at the end.

#include <array>
#include <type_traits>

#include "enclave/wasi/sock.h"
#include "enclave/wasi/sock_layout.h"
#include "enclave/wasi/wasi.h"

namespace twine::wasi {

namespace {

using hostcall::SocketOption;

template <typename T>
Outcome<void> store_option(const Call& call, uint32_t fd, SocketOption option, uint32_t address) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd));
  const uint64_t value = TWINE_TRY(socket->option(option));
  TWINE_TRY(call.memory.store(address, static_cast<T>(value)));
  return {};
}

Outcome<void> change_option(const Call& call, uint32_t fd, SocketOption option, uint64_t value) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd));
  TWINE_TRY(socket->set_option(option, value));
  return {};
}

// C has passed a bool: any value but zero is true.
constexpr uint64_t value_for(SocketOption option, uint64_t value) {
  return option < SocketOption::receive_buffer ? uint64_t{value != 0} : value;
}

template <SocketOption Option, typename T>
Outcome<void> get(Call& call, uint32_t fd, uint32_t address) {
  return store_option<T>(call, fd, Option, address);
}

template <SocketOption Option>
Outcome<void> set(Call& call, uint32_t fd, uint32_t value) {
  return change_option(call, fd, Option, value_for(Option, value));
}

template <SocketOption Option>
Outcome<void> set_timeout(Call& call, uint32_t fd, uint64_t microseconds) {
  return change_option(call, fd, Option, microseconds);
}

Outcome<void> sock_get_linger(Call& call, uint32_t fd, uint32_t is_enabled, uint32_t seconds) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd));
  const uint64_t value = TWINE_TRY(socket->option(SocketOption::linger));
  TWINE_TRY(call.memory.store(is_enabled, static_cast<uint8_t>(value != 0)));
  TWINE_TRY(call.memory.store(seconds, static_cast<uint32_t>(value == 0 ? 0 : value - 1)));
  return {};
}

Outcome<void> sock_set_linger(Call& call, uint32_t fd, uint32_t is_enabled, uint32_t seconds) {
  return change_option(call, fd, SocketOption::linger, is_enabled == 0 ? 0 : uint64_t{seconds} + 1);
}

SocketOption multicast_loop(uint32_t ipv6) {
  return ipv6 != 0 ? SocketOption::ipv6_multicast_loop : SocketOption::ipv4_multicast_loop;
}

Outcome<void> sock_get_ip_multicast_loop(Call& call, uint32_t fd, uint32_t ipv6, uint32_t is_enabled) {
  return store_option<uint8_t>(call, fd, multicast_loop(ipv6), is_enabled);
}

Outcome<void> sock_set_ip_multicast_loop(Call& call, uint32_t fd, uint32_t ipv6, uint32_t is_enabled) {
  return change_option(call, fd, multicast_loop(ipv6), is_enabled != 0 ? 1 : 0);
}

template <SocketOption How>
Outcome<void> change_membership(Call& call, uint32_t fd, uint32_t group, uint32_t interface) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd));
  const auto loaded = TWINE_TRY(call.memory.load<SockIpAddress>(group));
  const auto address = TWINE_TRY(from_guest(loaded));
  TWINE_TRY(socket->change_membership(call.context.network, How, address, interface));
  return {};
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none
#define TWINE_OPTION(name, option, type)                                                      \
  bind<&get<SocketOption::option, type>>("sock_get_" name), bind<&set<SocketOption::option>>( \
                                                                "sock_"                       \
                                                                "set_" name)
#define TWINE_TIMEOUT(name, option)                             \
  bind<&get<SocketOption::option, uint64_t>>("sock_get_" name), \
      bind<&set_timeout<SocketOption::option>>("sock_set_" name)
// NOLINTEND(bugprone-macro-parentheses)
constexpr std::array kFunctions = {
    TWINE_OPTION("broadcast", broadcast, uint8_t),
    TWINE_OPTION("keep_alive", keep_alive, uint8_t),
    TWINE_OPTION("reuse_addr", reuse_address, uint8_t),
    TWINE_OPTION("reuse_port", reuse_port, uint8_t),
    TWINE_OPTION("tcp_no_delay", tcp_no_delay, uint8_t),
    TWINE_OPTION("tcp_quick_ack", tcp_quick_ack, uint8_t),
    TWINE_OPTION("tcp_fastopen_connect", tcp_fastopen_connect, uint8_t),
    TWINE_OPTION("ipv6_only", ipv6_only, uint8_t),
    TWINE_OPTION("recv_buf_size", receive_buffer, uint32_t),
    TWINE_OPTION("send_buf_size", send_buffer, uint32_t),
    TWINE_OPTION("tcp_keep_idle", tcp_keep_idle, uint32_t),
    TWINE_OPTION("tcp_keep_intvl", tcp_keep_interval, uint32_t),
    TWINE_OPTION("ip_ttl", ip_ttl, uint8_t),
    TWINE_OPTION("ip_multicast_ttl", ip_multicast_ttl, uint8_t),
    TWINE_TIMEOUT("recv_timeout", receive_timeout),
    TWINE_TIMEOUT("send_timeout", send_timeout),
    bind<&sock_get_linger>("sock_get_linger"),
    bind<&sock_set_linger>("sock_set_linger"),
    bind<&sock_get_ip_multicast_loop>("sock_get_ip_multicast_loop"),
    bind<&sock_set_ip_multicast_loop>("sock_set_ip_multicast_loop"),
    bind<&change_membership<SocketOption::join_group>>("sock_set_ip_add_membership"),
    bind<&change_membership<SocketOption::leave_group>>("sock_set_ip_drop_membership"),
};
#undef TWINE_OPTION
#undef TWINE_TIMEOUT

}  // namespace

std::span<const HostFunction> wasi_socket_option_functions() {
  return kFunctions;
}

}  // namespace twine::wasi

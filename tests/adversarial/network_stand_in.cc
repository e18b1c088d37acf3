#include "network_stand_in.h"

#include <algorithm>
#include <cstring>

#include "common/entry.h"
#include "common/hostcall_table.h"

namespace twine::test {
namespace {

using hostcall::Call;
using hostcall::SocketAddress;
using hostcall::SocketFamily;

constexpr uint16_t kPort = 4242;

SocketAddress loopback(SocketFamily family, uint16_t port) {
  SocketAddress address{.family = family, .port = port, .padding = 0, .bytes = {}};
  if (family == SocketFamily::ipv4) {
    address.bytes[0] = 127;
    address.bytes[3] = 1;
  } else {
    address.bytes[15] = 1;
  }
  return address;
}

// The reply buffer `index` of the request.
std::span<std::byte> window(std::span<std::byte> arena, size_t index) {
  const auto& header = *reinterpret_cast<const ArenaHeader*>(arena.data());
  const auto slot = static_cast<size_t>(hostcall::row(static_cast<Call>(header.call)).replies[index].slot);
  return arena.subspan(header.args[slot], header.args[slot + 1]);
}

template <typename T>
void store(std::span<std::byte> to, const T& value) {
  std::memcpy(to.data(), &value, std::min(to.size(), sizeof value));
}

void resolve(std::span<std::byte> arena) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  const bool wants_ipv6 =
      header.args[2] == static_cast<uint64_t>(SocketFamily::ipv6);  // behind the name's two words
  const std::span<std::byte> addresses = window(arena, 0);
  std::ranges::fill(addresses, std::byte{0});
  const size_t count = std::min<size_t>(2, addresses.size() / sizeof(SocketAddress));
  for (size_t i = 0; i < count; ++i) {
    store(addresses.subspan(i * sizeof(SocketAddress)),
          loopback(wants_ipv6 ? SocketFamily::ipv6 : SocketFamily::ipv4, 0));
  }
  header.result = static_cast<int64_t>(count);
}

}  // namespace

SocketAddress NetworkStandIn::peer_of(uint64_t socket) const {
  const auto known = families_.find(socket);
  return loopback(known == families_.end() ? SocketFamily::ipv4 : known->second, kPort);
}

void NetworkStandIn::open(std::span<std::byte> arena) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  const auto family = static_cast<SocketFamily>(header.args[0]);
  services_.serve(arena);
  if (header.result >= 0) families_[static_cast<uint64_t>(header.result)] = family;
}

void NetworkStandIn::accept(std::span<std::byte> arena) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  const ArenaHeader request = header;
  const SocketAddress peer = peer_of(header.args[0]);
  header.call = static_cast<uint64_t>(Call::socket_open);
  header.args[0] = static_cast<uint64_t>(peer.family);
  header.args[1] = static_cast<uint64_t>(hostcall::SocketType::stream);
  open(arena);
  header.call = request.call;
  std::ranges::copy(request.args, header.args);
  store(window(arena, 0), peer);
}

void NetworkStandIn::serve(std::span<std::byte> arena) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  switch (static_cast<Call>(header.call)) {
    case Call::socket_open:
      return open(arena);
    case Call::socket_accept:
      return accept(arena);
    case Call::socket_bind:
    case Call::socket_connect:
    case Call::socket_listen:
    case Call::socket_shutdown:
    case Call::socket_option_set:
      header.result = 0;
      return;
    case Call::socket_send: {
      const auto data = static_cast<size_t>(hostcall::row(Call::socket_send).length_slot);
      header.result = static_cast<int64_t>(header.args[data + 1]);
      return;
    }
    case Call::socket_receive: {
      const std::span<std::byte> data = window(arena, 0);
      std::ranges::fill(data, std::byte{'r'});
      store(window(arena, 1),
            hostcall::SocketReceived{.from = peer_of(header.args[0]), .flags = 0, .padding = 0});
      header.result = static_cast<int64_t>(data.size());
      return;
    }
    case Call::socket_name:
      store(window(arena, 0), peer_of(header.args[0]));
      header.result = 0;
      return;
    case Call::socket_option_get:
      header.result = 1;
      return;
    case Call::name_resolve:
      return resolve(arena);
    default:
      return services_.serve(arena);
  }
}

}  // namespace twine::test

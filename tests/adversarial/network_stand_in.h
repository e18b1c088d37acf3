// A network for hosts under test that reaches nobody: sockets are the honest host's, but what would leave the machine, or wait there for
// somebody, is answered here as an honest host could answer it.
//
//   socket_open, file_close, …   the services
//   socket_bind, _connect, _listen, _shutdown, _option_set   success
//   socket_accept                a new socket of the listener's family
//   socket_receive, _send        the whole buffer, from 127.0.0.1 or ::1
//   socket_name                  that address, and a port
//   socket_option_get            1
//   name_resolve                 two addresses of a family that was asked for
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "common/hostcall.h"
#include "host/services/services.h"

namespace twine::test {

class NetworkStandIn {
 public:
  explicit NetworkStandIn(host::Services& services) : services_(services) {}

  // Answers the request in an arena.
  void serve(std::span<std::byte> arena);

 private:
  void open(std::span<std::byte> arena);
  void accept(std::span<std::byte> arena);
  [[nodiscard]] hostcall::SocketAddress peer_of(uint64_t socket) const;

  host::Services& services_;
  std::map<uint64_t, hostcall::SocketFamily> families_;  // by handle; of others nothing is known
};

}  // namespace twine::test

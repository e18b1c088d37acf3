// sock_*: preview1's four functions, on sockets that the host opened before the launch, and on those of the extension
// (sock_extension.cc).

#include "enclave/wasi/sock.h"

#include "enclave/wasi/functions.h"
#include "enclave/wasi/iovecs.h"

namespace twine::wasi {

namespace {

// riflags and sdflags of preview1 have the bits of the host calls.
constexpr uint32_t kReceiveFlags = hostcall::kReceivePeek | hostcall::kReceiveWaitAll;
constexpr uint32_t kShutdownFlags = hostcall::kShutdownReceive | hostcall::kShutdownSend;

}  // namespace

Outcome<net::Socket*> find_socket(const Call& call, uint32_t fd, Rights needed) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  net::Socket* socket = resource->descriptor->as_socket();
  if (socket == nullptr) return std::unexpected(Errno::notsock);
  TWINE_TRY(call.context.resources.find(fd, needed));
  return socket;
}

Outcome<uint32_t> receive_flags(uint32_t ri_flags) {
  if ((ri_flags & ~kReceiveFlags) != 0) return std::unexpected(Errno::inval);
  return ri_flags;
}

Outcome<void> sock_accept(Call& call, uint32_t fd, uint32_t flags, uint32_t ro_fd) {
  if ((flags & ~uint32_t{fdflags::nonblock}) != 0) return std::unexpected(Errno::inval);
  net::Socket* listener = TWINE_TRY(find_socket(call, fd, rights::sock_accept));
  // Where the number goes must be there before a connection is taken.
  TWINE_TRY(call.memory.bytes(ro_fd, sizeof(uint32_t)));
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  const Rights rights = resource->inheriting & kConnectionRights;
  hostcall::SocketAddress peer{};
  auto connection = TWINE_TRY(listener->accept(static_cast<Fdflags>(flags), peer));
  const uint32_t number = TWINE_TRY(call.context.resources.insert(
      {.descriptor = std::move(connection), .rights = rights, .inheriting = 0, .preopen = {}}));
  TWINE_TRY(call.memory.store(ro_fd, number));
  return {};
}

Outcome<void> sock_recv(Call& call, uint32_t fd, uint32_t ri_data, uint32_t ri_data_len, uint32_t ri_flags,
                        uint32_t ro_datalen, uint32_t ro_flags) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::fd_read));
  const uint32_t flags = TWINE_TRY(receive_flags(ri_flags));
  auto buffers = TWINE_TRY(Iovecs<std::byte>::load(call, ri_data, ri_data_len));
  hostcall::SocketReceived received;
  const uint64_t count = TWINE_TRY(socket->receive(buffers.pieces(), flags, received));
  TWINE_TRY(call.memory.store(ro_datalen, static_cast<uint32_t>(count)));
  TWINE_TRY(call.memory.store(ro_flags, static_cast<uint16_t>(received.flags)));
  return {};
}

Outcome<void> sock_send(Call& call, uint32_t fd, uint32_t si_data, uint32_t si_data_len, uint32_t si_flags,
                        uint32_t so_datalen) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::fd_write));
  if (si_flags != 0) return std::unexpected(Errno::inval);  // preview1 has none
  auto buffers = TWINE_TRY(Iovecs<const std::byte>::load(call, si_data, si_data_len));
  const uint64_t count = TWINE_TRY(socket->send(buffers.pieces()));
  TWINE_TRY(call.memory.store(so_datalen, static_cast<uint32_t>(count)));
  return {};
}

Outcome<void> sock_shutdown(Call& call, uint32_t fd, uint32_t how) {
  net::Socket* socket = TWINE_TRY(find_socket(call, fd, rights::sock_shutdown));
  if (how == 0 || (how & ~kShutdownFlags) != 0) return std::unexpected(Errno::inval);
  TWINE_TRY(socket->shutdown(how));
  return {};
}

}  // namespace twine::wasi

// A socket of the host, as a descriptor.
//
// The host sees and can change every byte, and decides with whom a connection really is: whoever needs more uses TLS in the guest.
// What is held to here: where the guest asks to connect, send, bind or listen is within its Policy; an address that the host answers
// has the socket's family; an option's value is one that it can have.
#pragma once

#include <memory>
#include <optional>

#include "enclave/fs/descriptor.h"
#include "enclave/hostcall/handle.h"
#include "enclave/net/policy.h"

namespace twine::net {

using hostcall::SocketAddress;
using hostcall::SocketFamily;
using hostcall::SocketOption;
using hostcall::SocketType;
using wasi::IoResult;

[[nodiscard]] IpAddress ip_of(const SocketAddress& address);
// 4 or 16 bytes.
[[nodiscard]] SocketAddress socket_address(const IpAddress& address, uint16_t port);

class Socket final : public fs::Descriptor {
 public:
  // A new one. Errors: those of socket_open.
  static IoResult<std::unique_ptr<Socket>> open(SocketFamily family, SocketType type);
  // One that the host opened before the launch. `unspecified`: of a family that only the host knows.
  static std::unique_ptr<Socket> at_launch(hostcall::Handle handle, SocketFamily family, SocketType type);

  [[nodiscard]] bool is_stream() const { return filetype() == fs::Filetype::socket_stream; }

  // Errors besides the host call's: acces (no rule allows it), afnosupport (another family).
  IoResult<void> bind(const Policy& policy, const SocketAddress& address);
  IoResult<void> connect(const Policy& policy, const SocketAddress& address);
  // acces too when it is not bound: the host would choose an address and port.
  IoResult<void> listen(uint32_t backlog);
  // The other end's address is in `peer`.
  IoResult<std::unique_ptr<Socket>> accept(wasi::Fdflags flags, SocketAddress& peer);

  // `flags`: hostcall::ReceiveFlags.
  IoResult<uint64_t> receive(const fs::Scatter& to, uint32_t flags, hostcall::SocketReceived& received);
  // A blocking stream socket takes all of it, unless the connection ends. msgsize: more than a datagram holds.
  IoResult<uint64_t> send(const fs::Gather& from);
  IoResult<uint64_t> send_to(const Policy& policy, const fs::Gather& from, const SocketAddress& address);
  IoResult<void> shutdown(uint32_t how);
  IoResult<SocketAddress> name(hostcall::SocketEnd end);

  IoResult<uint64_t> option(SocketOption option);
  IoResult<void> set_option(SocketOption option, uint64_t value);
  // acces: no rule to listen covers the group.
  IoResult<void> change_membership(const Policy& policy, SocketOption how, const SocketAddress& group,
                                   uint32_t interface);

  Socket* as_socket() override { return this; }
  IoResult<uint64_t> read(const fs::Scatter& to) override;
  IoResult<uint64_t> write(const fs::Gather& from) override { return send(from); }
  IoResult<fs::Filestat> stat() override;
  IoResult<void> set_flags(fs::Fdflags flags) override;
  std::optional<uint32_t> pollable() const override { return handle_.get(); }
  IoResult<void> close() override { return handle_.close(); }

 private:
  Socket(hostcall::OwnedHandle handle, SocketFamily family, SocketType type, fs::Fdflags flags)
      : Descriptor(type == SocketType::stream ? fs::Filetype::socket_stream : fs::Filetype::socket_dgram,
                   flags),
        handle_(std::move(handle)),
        family_(family) {}

  [[nodiscard]] IoResult<void> check_family(const SocketAddress& address) const;
  // Ends the enclave if the host has answered an address that this socket cannot have.
  void check_answer(hostcall::Call call, const SocketAddress& address, bool may_be_missing) const;
  // Of one part that fits into the arena.
  IoResult<uint64_t> receive_part(const fs::Scatter& to, uint32_t flags, hostcall::SocketReceived& received);

  hostcall::OwnedHandle handle_;
  SocketFamily family_;
  bool bound_ = false;     // by a bind that was allowed
  bool ipv6_only_ = true;  // of IPv6
};

}  // namespace twine::net

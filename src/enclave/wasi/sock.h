// What preview1's sock_* and the socket extension share.
#pragma once

#include "enclave/net/socket.h"
#include "enclave/wasi/call.h"

namespace twine::wasi {

// badf if `fd` is not open, notsock if it is no socket, notcapable (or badf, as ResourceTable::find has it) without `needed`.
Outcome<net::Socket*> find_socket(const Call& call, uint32_t fd, Rights needed = 0);

// The flags of sock_recv and sock_recv_from as the host call has them. inval for others.
Outcome<uint32_t> receive_flags(uint32_t ri_flags);

}  // namespace twine::wasi

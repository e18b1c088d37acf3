// sock_*: no descriptor is a socket yet, so these tell badf from notsock.

#include "enclave/wasi/functions.h"

namespace twine::wasi {

namespace {

Outcome<void> not_a_socket(const Call& call, uint32_t fd) {
  TWINE_TRY(call.context.resources.find(fd));
  return std::unexpected(Errno::notsock);
}

}  // namespace

Outcome<void> sock_accept(Call& call, uint32_t fd, uint32_t /*flags*/, uint32_t /*ro_fd*/) {
  return not_a_socket(call, fd);
}

Outcome<void> sock_recv(Call& call, uint32_t fd, uint32_t /*ri_data*/, uint32_t /*ri_data_len*/,
                        uint32_t /*ri_flags*/, uint32_t /*ro_datalen*/, uint32_t /*ro_flags*/) {
  return not_a_socket(call, fd);
}

Outcome<void> sock_send(Call& call, uint32_t fd, uint32_t /*si_data*/, uint32_t /*si_data_len*/,
                        uint32_t /*si_flags*/, uint32_t /*so_datalen*/) {
  return not_a_socket(call, fd);
}

Outcome<void> sock_shutdown(Call& call, uint32_t fd, uint32_t /*how*/) {
  return not_a_socket(call, fd);
}

}  // namespace twine::wasi

// The buffer list of fd_read, fd_write and their relatives, copied from guest memory and checked.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "enclave/hostcall/pieces.h"
#include "enclave/wasi/call.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi {

// As many as Linux and wasi-libc allow (IOV_MAX); more is `inval`.
inline constexpr uint32_t kMaxIovecs = 1024;

template <typename Byte>
class Iovecs {
 public:
  using Piece = std::span<Byte>;

  static Outcome<Iovecs> load(const Call& call, uint32_t address, uint32_t count) {
    if (count > kMaxIovecs) return std::unexpected(Errno::inval);
    const auto list = TWINE_TRY(call.memory.bytes(address, uint64_t{count} * sizeof(Iovec)));
    Iovecs result;
    if (count > result.few_.size()) result.many_.resize(count);
    result.count_ = count;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; ++i) {
      Iovec iovec;
      std::memcpy(&iovec, list.data() + i * sizeof iovec, sizeof iovec);
      result.data()[i] = TWINE_TRY(call.memory.bytes(iovec.buf, iovec.buf_len));
      total += iovec.buf_len;
    }
    // The number of bytes moved must fit the guest's 32-bit size.
    if (total > UINT32_MAX) return std::unexpected(Errno::inval);
    return result;
  }

  [[nodiscard]] hostcall::Pieces<Byte> pieces() {
    return hostcall::Pieces<Byte>(std::span<const Piece>(data(), count_));
  }

 private:
  Piece* data() { return many_.empty() ? few_.data() : many_.data(); }

  std::array<Piece, 8> few_{};  // C libraries write two at a time: their buffer, and what came last
  std::vector<Piece> many_;
  uint32_t count_ = 0;
};

}  // namespace twine::wasi

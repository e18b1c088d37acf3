// Structs of the socket extension in guest memory, as the C compiler of its programs lays them out (little-endian, natural
// alignment). The extension is WAMR's; names and numbers are those of its public header.
//
//   address           24 bytes   0 u32 kind; IPv4: 4 four u8, 8 u16 port; IPv6: 4 eight u16, 20 u16 port. Parts of IPv6 addresses
//                                and ports are numbers in the program's byte order
//   ip address        20 bytes   0 u32 kind; 4 four u8, or eight u16
//   address info      28 bytes   0 address, 24 u32 type
//   hints             12 bytes   0 u32 type, 4 u32 family, 8 u8 enabled
#pragma once

#include <cstdint>
#include <cstring>
#include <expected>

#include "common/hostcall.h"
#include "common/wasi_types.h"

namespace twine::wasi {

enum class SockKind : uint32_t { ipv4 = 0, ipv6 = 1 };

struct SockAddress {
  SockKind kind;
  uint8_t bytes[20];
};
static_assert(sizeof(SockAddress) == 24);

struct SockIpAddress {
  SockKind kind;
  uint8_t bytes[16];
};
static_assert(sizeof(SockIpAddress) == 20);

struct SockAddressInfo {
  SockAddress address;
  uint32_t type;
};
static_assert(sizeof(SockAddressInfo) == 28);

enum class SockFamily : uint32_t { ipv4 = 0, ipv6 = 1, unspecified = 2 };
enum class SockType : uint32_t { any = 0xffffffff, datagram = 0, stream = 1 };

struct SockHints {
  uint32_t type;
  uint32_t family;
  uint8_t enabled;
  uint8_t padding[3];
};
static_assert(sizeof(SockHints) == 12);

namespace internal {

inline void swap_pairs(uint8_t* bytes) {
  for (size_t i = 0; i < 16; i += 2) std::swap(bytes[i], bytes[i + 1]);
}

}  // namespace internal

// afnosupport for a kind that does not exist.
inline IoResult<hostcall::SocketAddress> from_guest(const SockIpAddress& address) {
  hostcall::SocketAddress result{};
  if (address.kind == SockKind::ipv4) {
    result.family = hostcall::SocketFamily::ipv4;
    std::memcpy(result.bytes, address.bytes, 4);
    return result;
  }
  if (address.kind != SockKind::ipv6) return std::unexpected(Errno::afnosupport);
  result.family = hostcall::SocketFamily::ipv6;
  std::memcpy(result.bytes, address.bytes, 16);
  internal::swap_pairs(result.bytes);
  return result;
}

inline IoResult<hostcall::SocketAddress> from_guest(const SockAddress& address) {
  SockIpAddress ip{.kind = address.kind, .bytes = {}};
  std::memcpy(ip.bytes, address.bytes, sizeof ip.bytes);
  auto result = from_guest(ip);
  if (result) std::memcpy(&result->port, address.bytes + (address.kind == SockKind::ipv4 ? 4 : 16), 2);
  return result;
}

// All zero, which is 0.0.0.0:0, for no address at all.
inline SockAddress to_guest(const hostcall::SocketAddress& address) {
  SockAddress result{};
  if (address.family == hostcall::SocketFamily::ipv6) {
    result.kind = SockKind::ipv6;
    std::memcpy(result.bytes, address.bytes, 16);
    internal::swap_pairs(result.bytes);
    std::memcpy(result.bytes + 16, &address.port, 2);
  } else {
    std::memcpy(result.bytes, address.bytes, 4);
    std::memcpy(result.bytes + 4, &address.port, 2);
  }
  return result;
}

}  // namespace twine::wasi

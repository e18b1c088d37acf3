// The types of the host-call table (hostcall.def) that both sides of the door share. What each call means,
// what its reply may be and what the enclave must check stands in hostcall.def; the wire is the arena of
// entry.h.
#pragma once

#include <cstdint>

#include "common/wasi_types.h"

namespace twine::hostcall {

// Handles of the host's table. The first ones stand open at launch; file_open, socket_open and socket_accept
// yield the others.
using Handle = uint32_t;
inline constexpr Handle kStdin = 0;
inline constexpr Handle kStdout = 1;
inline constexpr Handle kStderr = 2;
inline constexpr Handle kFirstMount = 3;  // mount i of the launch manifest is handle kFirstMount + i;
                                          // its sockets follow the host's mounts
inline constexpr Handle kMaxHandles = 65536;

inline constexpr uint64_t kMaxPath = 4096;
inline constexpr uint64_t kMaxName = 255;

// Position of file_read and file_write that means: where the stream stands (pipes, terminals) or the end
// (append).
inline constexpr uint64_t kStreamPosition = ~uint64_t{0};

// What input_size and input_read read.
enum class LaunchInput : uint32_t {
  manifest = 0,
  module = 1,  // .twm; further modules (--preload) follow: 1 + index
};

enum class DiagnosticLevel : uint32_t { error = 0, warning = 1, info = 2, debug = 3 };

// Protection of pages_open and pages_restrict, as in mmap.
enum PageProtection : uint32_t { kPageRead = 1, kPageWrite = 2, kPageExecute = 4 };

// file_open's `access`.
enum OpenAccess : uint32_t {
  kOpenRead = 1,
  kOpenWrite = 2,
  kOpenFollow = 4,  // follow a symbolic link in the last component
};

// How a call may be made; entry.h has the two ways.
enum class Door : uint32_t {
  any,  // without an exit where the host serves so
  exit  // by an exit only
};

struct CpuidRegisters {
  uint32_t eax, ebx, ecx, edx;
};
static_assert(sizeof(CpuidRegisters) == 16);

// One entry of directory_read's buffer; `name_length` bytes of name follow it, and then the next entry,
// unaligned.
struct DirectoryEntry {
  uint64_t next_cookie;  // reading from it continues after this entry
  uint64_t inode;
  uint32_t name_length;  // 1 to kMaxName
  uint32_t filetype;     // wasi::Filetype
};
static_assert(sizeof(DirectoryEntry) == 24);

// poll
enum PollBits : uint32_t { kPollRead = 1, kPollWrite = 2, kPollHangup = 4, kPollError = 8 };
struct PollInterest {
  Handle handle;
  uint32_t interest;  // kPollRead or kPollWrite
};
struct PollEvent {
  uint32_t ready;  // 0, or the bit asked for, perhaps with kPollHangup; kPollError: `error` says which
  uint32_t error;  // wasi::Errno, with kPollError only
  uint64_t bytes;  // how much can be read or written without blocking, 0 if unknown
};
static_assert(sizeof(PollInterest) == 8 && sizeof(PollEvent) == 16);
inline constexpr uint64_t kMaxPollEntries = 4096;
inline constexpr uint64_t kNoTimeout = ~uint64_t{0};

// sockets
enum class SocketFamily : uint32_t { unspecified = 0, ipv4 = 1, ipv6 = 2 };
enum class SocketType : uint32_t { datagram = 0, stream = 1 };
enum class SocketEnd : uint32_t { local = 0, remote = 1 };

// The first four bytes of `bytes` for ipv4; what is not used is zero; all of it for `unspecified`, which means: no address.
struct SocketAddress {
  SocketFamily family;
  uint16_t port;
  uint16_t padding;
  uint8_t bytes[16];
};
static_assert(sizeof(SocketAddress) == 24);

// socket_receive's `flags`, and what it tells in SocketReceived::flags.
enum ReceiveFlags : uint32_t { kReceivePeek = 1, kReceiveWaitAll = 2 };
enum ReceivedFlags : uint32_t { kDataTruncated = 1 };
struct SocketReceived {
  SocketAddress from;  // of a datagram
  uint32_t flags;      // ReceivedFlags
  uint32_t padding;
};
static_assert(sizeof(SocketReceived) == 32);

enum ShutdownHow : uint32_t { kShutdownReceive = 1, kShutdownSend = 2 };

enum class SocketOption : uint32_t {
  // 0 or 1
  broadcast = 0,
  keep_alive = 1,
  reuse_address = 2,
  reuse_port = 3,
  tcp_no_delay = 4,
  tcp_quick_ack = 5,
  tcp_fastopen_connect = 6,
  ipv6_only = 7,
  ipv4_multicast_loop = 8,
  ipv6_multicast_loop = 9,
  // bytes
  receive_buffer = 16,
  send_buffer = 17,
  // microseconds; 0: none
  receive_timeout = 18,
  send_timeout = 19,
  // 0: off, n + 1: on, n seconds
  linger = 20,
  // seconds
  tcp_keep_idle = 21,
  tcp_keep_interval = 22,
  // 0 to 255
  ip_ttl = 23,
  ip_multicast_ttl = 24,
  // only set; the value is the index of an interface, or for IPv4 its address as a number, 0: any
  join_group = 32,
  leave_group = 33,
};

inline constexpr uint64_t kMaxResolvedAddresses = 32;

}  // namespace twine::hostcall

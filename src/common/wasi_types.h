// The types of WASI preview1 that cross the host boundary or stand in guest memory, as the witx files of
// wasi_snapshot_preview1 define them. Names and numbers are the specification's; both sides and the file
// systems use them.
#pragma once

#include <cstdint>
#include <expected>

namespace twine::wasi {

enum class Errno : uint16_t {
  success = 0,
  toobig = 1,  // "2big"
  acces = 2,
  addrinuse = 3,
  addrnotavail = 4,
  afnosupport = 5,
  again = 6,
  already = 7,
  badf = 8,
  badmsg = 9,
  busy = 10,
  canceled = 11,
  child = 12,
  connaborted = 13,
  connrefused = 14,
  connreset = 15,
  deadlk = 16,
  destaddrreq = 17,
  dom = 18,
  dquot = 19,
  exist = 20,
  fault = 21,
  fbig = 22,
  hostunreach = 23,
  idrm = 24,
  ilseq = 25,
  inprogress = 26,
  intr = 27,
  inval = 28,
  io = 29,
  isconn = 30,
  isdir = 31,
  loop = 32,
  mfile = 33,
  mlink = 34,
  msgsize = 35,
  multihop = 36,
  nametoolong = 37,
  netdown = 38,
  netreset = 39,
  netunreach = 40,
  nfile = 41,
  nobufs = 42,
  nodev = 43,
  noent = 44,
  noexec = 45,
  nolck = 46,
  nolink = 47,
  nomem = 48,
  nomsg = 49,
  noprotoopt = 50,
  nospc = 51,
  nosys = 52,
  notconn = 53,
  notdir = 54,
  notempty = 55,
  notrecoverable = 56,
  notsock = 57,
  notsup = 58,
  notty = 59,
  nxio = 60,
  overflow = 61,
  ownerdead = 62,
  perm = 63,
  pipe = 64,
  proto = 65,
  protonosupport = 66,
  prototype = 67,
  range = 68,
  rofs = 69,
  spipe = 70,
  srch = 71,
  stale = 72,
  timedout = 73,
  txtbsy = 74,
  xdev = 75,
  notcapable = 76,
};
inline constexpr uint16_t kErrnoCount = 77;

// What a file operation yields: a value, or the errno the guest will see.
template <typename T>
using IoResult = std::expected<T, Errno>;

enum class Filetype : uint8_t {
  unknown = 0,
  block_device = 1,
  character_device = 2,
  directory = 3,
  regular_file = 4,
  socket_dgram = 5,
  socket_stream = 6,
  symbolic_link = 7,
};
inline constexpr uint8_t kFiletypeCount = 8;

enum class Clock : uint32_t { realtime = 0, monotonic = 1, process_cputime = 2, thread_cputime = 3 };
inline constexpr uint32_t kClockCount = 4;

enum class Whence : uint8_t { set = 0, cur = 1, end = 2 };

enum class Advice : uint8_t {
  normal = 0,
  sequential = 1,
  random = 2,
  willneed = 3,
  dontneed = 4,
  noreuse = 5
};
inline constexpr uint8_t kAdviceCount = 6;

// Bit sets. They stay integers: they are combined, masked and compared, and come from the guest with any bit
// set.
using Rights = uint64_t;
namespace rights {
inline constexpr Rights fd_datasync = 1U << 0;
inline constexpr Rights fd_read = 1U << 1;
inline constexpr Rights fd_seek = 1U << 2;
inline constexpr Rights fd_fdstat_set_flags = 1U << 3;
inline constexpr Rights fd_sync = 1U << 4;
inline constexpr Rights fd_tell = 1U << 5;
inline constexpr Rights fd_write = 1U << 6;
inline constexpr Rights fd_advise = 1U << 7;
inline constexpr Rights fd_allocate = 1U << 8;
inline constexpr Rights path_create_directory = 1U << 9;
inline constexpr Rights path_create_file = 1U << 10;
inline constexpr Rights path_link_source = 1U << 11;
inline constexpr Rights path_link_target = 1U << 12;
inline constexpr Rights path_open = 1U << 13;
inline constexpr Rights fd_readdir = 1U << 14;
inline constexpr Rights path_readlink = 1U << 15;
inline constexpr Rights path_rename_source = 1U << 16;
inline constexpr Rights path_rename_target = 1U << 17;
inline constexpr Rights path_filestat_get = 1U << 18;
inline constexpr Rights path_filestat_set_size = 1U << 19;
inline constexpr Rights path_filestat_set_times = 1U << 20;
inline constexpr Rights fd_filestat_get = 1U << 21;
inline constexpr Rights fd_filestat_set_size = 1U << 22;
inline constexpr Rights fd_filestat_set_times = 1U << 23;
inline constexpr Rights path_symlink = 1U << 24;
inline constexpr Rights path_remove_directory = 1U << 25;
inline constexpr Rights path_unlink_file = 1U << 26;
inline constexpr Rights poll_fd_readwrite = 1U << 27;
inline constexpr Rights sock_shutdown = 1U << 28;
inline constexpr Rights sock_accept = 1U << 29;
inline constexpr Rights all = (1U << 30) - 1;
}  // namespace rights

using Fdflags = uint16_t;
namespace fdflags {
inline constexpr Fdflags append = 1U << 0;
inline constexpr Fdflags dsync = 1U << 1;
inline constexpr Fdflags nonblock = 1U << 2;
inline constexpr Fdflags rsync = 1U << 3;
inline constexpr Fdflags sync = 1U << 4;
inline constexpr Fdflags all = (1U << 5) - 1;
}  // namespace fdflags

using Oflags = uint16_t;
namespace oflags {
inline constexpr Oflags creat = 1U << 0;
inline constexpr Oflags directory = 1U << 1;
inline constexpr Oflags excl = 1U << 2;
inline constexpr Oflags trunc = 1U << 3;
inline constexpr Oflags all = (1U << 4) - 1;
}  // namespace oflags

using Lookupflags = uint32_t;
namespace lookupflags {
inline constexpr Lookupflags symlink_follow = 1U << 0;
inline constexpr Lookupflags all = 1U << 0;
}  // namespace lookupflags

using Fstflags = uint16_t;
namespace fstflags {
inline constexpr Fstflags atim = 1U << 0;
inline constexpr Fstflags atim_now = 1U << 1;
inline constexpr Fstflags mtim = 1U << 2;
inline constexpr Fstflags mtim_now = 1U << 3;
inline constexpr Fstflags all = (1U << 4) - 1;
}  // namespace fstflags

using Timestamp = uint64_t;  // nanoseconds

// `filestat` of witx, 64 bytes; also the wire form of host calls.
struct Filestat {
  uint64_t dev;
  uint64_t ino;
  Filetype filetype;
  uint8_t padding[7];
  uint64_t nlink;
  uint64_t size;
  Timestamp atim;
  Timestamp mtim;
  Timestamp ctim;
};
static_assert(sizeof(Filestat) == 64);

}  // namespace twine::wasi

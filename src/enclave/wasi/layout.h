// Structs of preview1 in guest memory (witx: little-endian, natural alignment).
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/wasi_types.h"

namespace twine::wasi {

struct Iovec {  // iovec and ciovec
  uint32_t buf;
  uint32_t buf_len;
};
static_assert(sizeof(Iovec) == 8);

struct Fdstat {
  Filetype fs_filetype;
  uint8_t padding0;
  Fdflags fs_flags;
  uint32_t padding1;
  Rights fs_rights_base;
  Rights fs_rights_inheriting;
};
static_assert(sizeof(Fdstat) == 24 && offsetof(Fdstat, fs_rights_base) == 8);

struct Prestat {
  uint8_t tag;  // 0: directory, the only kind
  uint8_t padding[3];
  uint32_t pr_name_len;
};
static_assert(sizeof(Prestat) == 8);

struct Dirent {
  uint64_t d_next;
  uint64_t d_ino;
  uint32_t d_namlen;
  Filetype d_type;
  uint8_t padding[3];
  // d_namlen bytes of name follow, without a terminator
};
static_assert(sizeof(Dirent) == 24);

enum class Eventtype : uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

inline constexpr uint16_t kSubscriptionClockAbstime = 1;
inline constexpr uint16_t kEventHangup = 1;

struct Subscription {
  uint64_t userdata;
  uint8_t tag;  // Eventtype
  uint8_t padding0[7];
  uint32_t id_or_fd;  // clock: which; else: which descriptor
  uint32_t padding1;
  Timestamp timeout;    // clock only, as are the rest
  Timestamp precision;  // a hint we do not need
  uint16_t flags;
  uint8_t padding2[6];
};
static_assert(sizeof(Subscription) == 48 && offsetof(Subscription, id_or_fd) == 16 &&
              offsetof(Subscription, timeout) == 24 && offsetof(Subscription, flags) == 40);

struct Event {
  uint64_t userdata;
  Errno error;
  Eventtype type;
  uint8_t padding0[5];
  uint64_t nbytes;
  uint16_t flags;
  uint8_t padding1[6];
};
static_assert(sizeof(Event) == 32 && offsetof(Event, nbytes) == 16 && offsetof(Event, flags) == 24);

// Snapshot 0's, where they differ.
namespace unstable {

struct Filestat {
  uint64_t dev;
  uint64_t ino;
  Filetype filetype;
  uint8_t padding[3];
  uint32_t nlink;
  uint64_t size;
  Timestamp atim;
  Timestamp mtim;
  Timestamp ctim;
};
static_assert(sizeof(Filestat) == 56 && offsetof(Filestat, nlink) == 20);

struct SubscriptionClock {
  uint64_t identifier;  // nobody reads it
  uint32_t id;
  uint32_t padding;
  Timestamp timeout;
  Timestamp precision;
  uint16_t flags;
  uint8_t padding1[6];
};

struct Subscription {
  uint64_t userdata;
  uint8_t tag;  // Eventtype
  uint8_t padding0[7];
  union {
    SubscriptionClock clock;
    uint32_t fd;
  };
};
static_assert(sizeof(Subscription) == 56 && offsetof(Subscription, clock) == 16 &&
              offsetof(SubscriptionClock, timeout) == 16 && offsetof(SubscriptionClock, flags) == 32);

}  // namespace unstable

}  // namespace twine::wasi

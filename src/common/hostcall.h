// The types of the host-call table (hostcall.def) that both sides of the door share. What each call means,
// what its reply may be and what the enclave must check stands in hostcall.def; the wire is the arena of
// entry.h.
#pragma once

#include <cstdint>

#include "common/wasi_types.h"

namespace twine::hostcall {

// Handles of the host's table. The first ones stand open at launch; file_open and directory_open yield the
// others.
using Handle = uint32_t;
inline constexpr Handle kStdin = 0;
inline constexpr Handle kStdout = 1;
inline constexpr Handle kStderr = 2;
inline constexpr Handle kFirstMount = 3;  // mount i of the launch manifest is handle kFirstMount + i
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

}  // namespace twine::hostcall

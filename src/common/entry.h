// The protocol between the host's enter loop and the enclave's entry code.
//
// The host enters only through __vdso_sgx_enter_enclave (or the emulator's function of the same type). RDI, RSI, RDX, R8, R9
// pass through it in both directions; on the way out the host reads them in its sgx_enclave_run.user_handler, which stores
// them and returns 0, so that the enter loop is ordinary C++. From an EENTER to its EEXIT all entries of a thread come from one
// stack frame: EENTER saves RSP and RBP for the exit, ERESUME does not.
//
//   CSSA at entry  RDI (EnterReason)    RSI            RDX           what the enclave does
//   0              start                arena address  arena bytes   begins a launch on this thread, which must be idle
//   0              host_call_done       ignored        ignored       continues after the pending host call; refused if none
//   > 0            handle_exception     ignored        ignored       dispatches on SSA[CSSA-1].EXITINFO, never on the host's word
//
//   RDI at EEXIT (ExitReason)   meaning                                              what the host does next
//   host_call                   a request stands in the arena                        serve it, EENTER host_call_done
//   finished                    the launch is over; output was handed over before    stop, or start another launch on the thread
//   not_ready                   another thread is still starting the enclave         start again, later
//   resume                      the exception was dealt with                         ERESUME the same TCS
//   dead                        the enclave has aborted, the arena holds the reason  stop; every later entry ends here again
//   starved                     dead, because a page that it asked for never came    stop; later entries end with dead
//
// Every idle thread can be started, at any time: each start is a launch of its own, with its own arena, whose host calls bring its
// manifest and take its result. The first start of all sets the enclave up. When the last idle thread is started the enclave adds one
// (thread_make, thread_ready), up to the number it can hold.
//
// The arena is untrusted memory that the host allocates, one a thread: page-aligned, kArenaSize bytes, wholly outside ELRANGE
// (the enclave checks this once, at start, and then keeps its own copy of address and size). Layout:
//
//   0     8   call         host-call number
//   8     64  args         eight 64-bit arguments; a buffer argument is an offset from the arena's start, never an address
//   72    8   result       >= 0, or a negated WASI errno
//   80    8   submission   enclave: 4 * n + SubmissionKind for its nth call, written last
//   88    8   completed    host: the submission that it served last without an exit
//   96    8   served       host: 1 while a host thread looks at `submission`, so that calls need no exit
//   104   8   torn         host: 1 when a page that the window showed was lost after the reply; the enclave clears it
//   112   16  reserved     zero
//   128       data         kArenaDataSize bytes, staging space for buffers; for `dead` and `starved`, a NUL-terminated reason
//   kArenaWindowOffset     the window, kArenaWindowSize bytes: where the host shows pages of a file (file_show). The enclave only reads it
//
// A call without an exit (docs/decisions/0008): where `served` is 1, the enclave writes a submission of the kind `waiting` and looks at
// `completed` until it is that number, or for some ten microseconds; then it leaves with host_call as ever. The host serves every
// submission once, whichever of its threads meets it, and answers an exit when the submission has been served. What the host writes to
// these words moves nothing but time: a reply is judged by the same checks whatever way it came.
#pragma once

#include <cstdint>

namespace twine {

enum class EnterReason : uint64_t { start = 1, host_call_done = 2, handle_exception = 3 };
enum class ExitReason : uint64_t {
  host_call = 1,
  finished = 2,
  resume = 3,
  dead = 4,
  starved = 5,
  not_ready = 6
};

struct ArenaHeader {
  uint64_t call;
  uint64_t args[8];
  int64_t result;
  uint64_t submission;
  uint64_t completed;
  uint64_t served;
  uint64_t torn;
  uint64_t reserved[2];
};
static_assert(sizeof(ArenaHeader) == 128);

// How a call is made.
enum class SubmissionKind : uint64_t {
  must_exit = 0,  // only by an exit
  exits = 1,      // by an exit, since `served` is 0; it could have done without
  waiting = 2     // the enclave waits inside
};
constexpr uint64_t submission(uint64_t call, SubmissionKind kind) {
  return call * 4 + static_cast<uint64_t>(kind);
}
constexpr SubmissionKind submission_kind(uint64_t submission) {
  return static_cast<SubmissionKind>(submission % 4);
}

inline constexpr uint64_t kArenaDataOffset = sizeof(ArenaHeader);
inline constexpr uint64_t kArenaDataSize = uint64_t{1} << 20;
inline constexpr uint64_t kArenaDataEnd = kArenaDataOffset + kArenaDataSize;
inline constexpr uint64_t kArenaAlignment = 4096;
inline constexpr uint64_t kArenaWindowOffset = kArenaDataSize + kArenaAlignment;
inline constexpr uint64_t kArenaWindowSize = uint64_t{8} << 20;
inline constexpr uint64_t kArenaSize = kArenaWindowOffset + kArenaWindowSize;
static_assert(kArenaWindowOffset >= kArenaDataEnd && kArenaWindowOffset % kArenaAlignment == 0);

}  // namespace twine

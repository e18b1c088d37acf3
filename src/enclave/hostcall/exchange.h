// One host call, in three steps: stage the arguments, commit the exit, collect the reply.
//
// The generated functions (hostcalls.h) are the only users. What they rely on:
//   - stage and reserve lay buffers into the arena's data area, 8-byte aligned, one after the other;
//   - commit has the call served: by a host thread that waits for it, or by leaving the enclave and coming back;
//   - collect reads the result word once and returns it only if the table admits it; anything else ends the enclave
//     (platform host_attack, which does not return);
//   - copy_in copies reply bytes once, from where the enclave reserved them; nothing in the arena says where to look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "enclave/hostcall/pieces.h"
#include "enclave/hostcall/untrusted.h"

namespace twine::hostcall {

using wasi::IoResult;

// A buffer's place in the arena.
struct Window {
  uint64_t offset;
  uint64_t size;
};

// Whether a call of this thread was answered with `intr` since this was last asked.
bool take_interruption();

inline constexpr uint64_t kMaxArrayBytes = kMaxPollEntries * sizeof(PollInterest);

class Exchange {
 public:
  explicit Exchange(Call call);

  void word(size_t slot, uint64_t value);
  // As much of `data` as the arena holds.
  Window stage(size_t slot, const Gather& data);
  // All of `data` or, if it is longer than `limit`, nothing and false.
  [[nodiscard]] bool stage_whole(size_t slot, std::span<const std::byte> data, uint64_t limit);
  // Space for a reply, at most `size` bytes.
  Window reserve(size_t slot, uint64_t size);

  // `door`: what the table says of this call.
  void commit(Door door);

  // The result, if it is between `low` and `high`, or an errno of the call's set.
  [[nodiscard]] IoResult<uint64_t> collect(uint64_t low, uint64_t high);

  void copy_in(Window from, std::span<std::byte> to) const;           // to.size() == from.size
  void copy_in(Window from, uint64_t size, const Scatter& to) const;  // size <= from.size

  [[nodiscard]] Call call() const { return call_; }

 private:
  [[nodiscard]] uint64_t room() const { return kArenaDataEnd - next_; }
  Window take(size_t slot, uint64_t size);
  // Whether the host took the call while the enclave waited.
  [[nodiscard]] bool served_inside(uint64_t submission) const;

  Call call_;
  UntrustedMemory arena_;
  uint64_t next_ = kArenaDataOffset;
};

// Ends the enclave: "host attack: CALL: WHAT".
[[noreturn]] void reply_attack(Call call, std::string_view what);

// Checks of the structs that replies carry, for what the type alone does not say. None returns if the struct
// cannot be true.
void check_reply(Call call, const wasi::Filestat& stat);
inline void check_reply(Call /*call*/, const CpuidRegisters& /*any value can be true*/) {}
// PollEvents are judged where the interests are known: an event alone can only be malformed.
void check_reply(Call call, std::span<const PollEvent> events);
// Well-formed; whether the family is the socket's is judged where the socket is known.
void check_reply(Call call, const SocketAddress& address);
void check_reply(Call call, std::span<const SocketAddress> addresses);
void check_reply(Call call, const SocketReceived& received);

}  // namespace twine::hostcall

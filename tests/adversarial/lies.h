// The lies of a hostile host, by kind. A Liar stands where the host stands: it lets the honest host answer (or does not), and makes of
// the answer what the kind says. Which lies a call can be told is derived from its row of the host-call table; nothing here is by hand
// for one call, so a new call of hostcall.def is lied about from the day it is there. A struct that a reply carries needs lies of its
// own (field_lies in lies.cc): a run that meets one without them fails.
//
// Every choice comes from one seed: the same seed tells the same lies, up to the moment at which the racing thread wins.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "common/entry.h"
#include "common/hostcall_table.h"

namespace twine::test {

enum class Lie : uint8_t {
  // The result word.
  too_long,       // one more than can be true
  far_too_long,   // 2^32 more, 2^63 - 1 and other sizes that overflow
  shorter,        // less than what happened
  negative,       // INT64_MIN and its neighbours
  unknown_errno,  // beyond the last errno
  foreign_errno,  // an errno of WASI that this call cannot have
  own_errno,      // an errno of this call, though it succeeded: possible, so to be passed on
  pointer,        // addresses inside the enclave: as result, as arguments, in the data
  reused_handle,  // a handle that stands open already, or one of the launch
  // The whole reply.
  replayed,           // an older reply to the same call
  of_another_thread,  // the reply to another call
  out_of_order,       // the reply to the call before, of whatever kind
  dropped,            // never answered: the request comes back as it was
  arguments,          // the header's request words rewritten
  // The data.
  zeroes,
  ones,
  noise,
  one_bit,
  // Structs, field by field.
  file_type,  // one that does not exist, or another than it was
  size_2_63,  // sizes of 2^63 and beyond
  time_1970,
  time_9999,
  event_bits,  // events that answer what was not asked
  // Names.
  slash_in_name,
  nul_in_name,
  name_length,         // beyond the buffer, zero, 256
  changing_directory,  // entries twice, missing, with cookies that go back or stand still
  // Time.
  changed_after_check,  // a second thread flips result and data while the enclave reads them
  count
};
inline constexpr size_t kLieCount = static_cast<size_t>(Lie::count);
std::string_view name_of(Lie lie);

// Whether `lie` can be told in a reply to the call.
bool applies(Lie lie, const hostcall::CallRow& row);
// A type of `row`'s replies that has no lies of its own, if there is one.
std::optional<std::string_view> type_without_lies(const hostcall::CallRow& row);

// What a run has told.
struct Coverage {
  size_t told = 0;          // cells (a call and a lie that it can be told)
  size_t untold_lies = 0;   // cells that stayed empty
  size_t untold_calls = 0;  // calls that no lie was told in reply to
};

// How a lie ended.
enum class LieEnd : uint8_t {
  host_attack,  // the enclave ended, with it as the last reply
  errno_given,  // an errno that the call can have was passed on
  went_on,      // what it says can be true, or nobody reads it: the enclave made its next call
  count
};
inline constexpr size_t kLieEndCount = static_cast<size_t>(LieEnd::count);

// Replies told, a call and a kind of lie, and how those of a kind ended. Of plain words, so that it can lie in memory that processes share.
struct Tally {
  std::array<std::array<std::atomic<uint64_t>, kLieCount>, hostcall::kCalls.size()> told;
  std::array<std::array<std::atomic<uint64_t>, kLieEndCount>, kLieCount> ended;

  [[nodiscard]] uint64_t total() const;
  // Prints a row a call, and a row a lie with its ends, for the calls that the run reaches.
  [[nodiscard]] Coverage report(bool (*reaches)(const hostcall::CallRow&)) const;
};

// What a reply was when the enclave was entered again, and whether it can be told what the enclave must make of it.
struct Told {
  const hostcall::CallRow* row = nullptr;
  std::optional<Lie> lie;          // none: the honest answer
  int64_t result = 0;              // as written last
  std::array<uint64_t, 8> args{};  // as the enclave wrote them
  bool settled = true;             // false: another thread is still changing it
};

class Liar {
 public:
  // `honest` answers the request in an arena. `enclave_address`: some address that the host must never get the enclave to touch.
  Liar(uint64_t seed, Tally& tally, std::function<void(std::span<std::byte>)> honest,
       uint64_t enclave_address);
  ~Liar();
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;

  // Draws again, but for one time in `n`, where a lie would end most enclaves at once (most are of such kinds).
  void be_gentle(uint32_t n) { harsh_one_in_ = n; }
  // Answers; a lie in one reply of `one_in` on average, chosen among those the call can be told.
  void answer(std::span<std::byte> arena, uint32_t one_in);
  // Answers with this lie, which must apply.
  void answer_with(std::span<std::byte> arena, Lie lie);
  void answer_honestly(std::span<std::byte> arena);

  // The reply to the last call.
  [[nodiscard]] const Told& last() const { return told_; }
  // The enclave has ended with `host attack`, and the last reply was what it heard last.
  void was_found_out() { end_of_lie(LieEnd::host_attack); }
  // Ends the race that changed_after_check has begun. Every answer begins with it.
  void end_race();

 private:
  struct Reply {
    int64_t result = 0;
    std::vector<std::byte> data;
  };
  class Racer;

  uint64_t random(uint64_t below) { return below == 0 ? 0 : random_() % below; }
  std::span<std::byte> reply_window(std::span<std::byte> arena, size_t index) const;
  void begin(std::span<std::byte> arena);
  void end_of_lie(LieEnd end);
  void end_of_lie_that_was_believed();
  void remember(std::span<std::byte> arena);
  void tell(std::span<std::byte> arena, Lie lie);
  void tell_result(ArenaHeader& header, Lie lie);
  void tell_data(std::span<std::byte> arena, Lie lie);
  void tell_names(std::span<std::byte> entries, int64_t& result, Lie lie);
  void put(std::span<std::byte> arena, const Reply& reply);
  [[nodiscard]] Lie choose(const hostcall::CallRow& row);

  std::mt19937_64 random_;
  Tally& tally_;
  std::function<void(std::span<std::byte>)> honest_;
  uint64_t enclave_address_;
  uint32_t harsh_one_in_ = 1;
  Told told_;
  bool end_is_known_ = true;  // of the lie in told_
  std::map<hostcall::Call, std::vector<Reply>> history_;
  Reply before_;
  std::unique_ptr<Racer> racer_;
};

}  // namespace twine::test

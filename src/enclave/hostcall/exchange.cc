#include "enclave/hostcall/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "enclave/platform/platform.h"

namespace twine::hostcall {

namespace {

constinit thread_local bool interrupted = false;
constinit thread_local uint64_t calls_made = 0;  // numbers the submissions

// What is worth moving from one processor's cache to another's. More takes the host longer to do than an exit takes.
constexpr uint64_t kMaxInsideBytes = uint64_t{16} << 10;
// Rounds of PAUSE (40 to 140 cycles each) before the enclave leaves after all.
constexpr uint64_t kSubmissionWait = 1000;

constexpr uint64_t kSubmission = offsetof(ArenaHeader, submission);
constexpr uint64_t kCompleted = offsetof(ArenaHeader, completed);
constexpr uint64_t kServed = offsetof(ArenaHeader, served);

constexpr uint64_t word_aligned(uint64_t size) {
  return (size + untrusted::kWord - 1) / untrusted::kWord * untrusted::kWord;
}

// A sentence put together without the heap, for the last words of an enclave. What does not fit is cut off.
class Sentence {
 public:
  Sentence& operator<<(std::string_view text) {
    const size_t length = std::min(text.size(), buffer_.size() - length_);
    std::copy_n(text.begin(), length, buffer_.begin() + static_cast<ptrdiff_t>(length_));
    length_ += length;
    return *this;
  }
  Sentence& operator<<(uint64_t number) {
    std::array<char, 20> digits{};
    char* end = digits.data() + digits.size();
    char* first = end;
    do {
      *--first = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << std::string_view(first, static_cast<size_t>(end - first));
  }
  [[nodiscard]] std::string_view text() const { return {buffer_.data(), length_}; }

 private:
  std::array<char, 160> buffer_{};
  size_t length_ = 0;
};

}  // namespace

bool take_interruption() {
  return std::exchange(interrupted, false);
}

Exchange::Exchange(Call call) : call_(call), arena_(enclave::arena().address, enclave::arena().size) {
  // Arguments that a call does not have are zero, not those of the last one.
  constexpr uint64_t args_end = offsetof(ArenaHeader, args) + sizeof(ArenaHeader::args);
  arena_.at<uint64_t>(offsetof(ArenaHeader, call)).store(static_cast<uint64_t>(call));
  for (uint64_t offset = offsetof(ArenaHeader, args); offset < args_end; offset += untrusted::kWord)
    arena_.at<uint64_t>(offset).store(0);
}

void Exchange::word(size_t slot, uint64_t value) {
  arena_.at<uint64_t>(offsetof(ArenaHeader, args) + slot * sizeof(uint64_t)).store(value);
}

Window Exchange::take(size_t slot, uint64_t size) {
  const Window window{next_, std::min(size, room())};
  next_ += word_aligned(window.size);
  word(slot, window.offset);
  word(slot + 1, window.size);
  return window;
}

Window Exchange::stage(size_t slot, const Gather& data) {
  const Window window = take(slot, total_size(data));
  // Pieces of any length meet inside words, so a word is put together here before it is stored.
  uint64_t offset = window.offset;
  uint64_t left = window.size;
  uint64_t word = 0;
  size_t filled = 0;
  for (size_t i = 0; i < data.count() && left != 0; ++i) {
    std::span<const std::byte> piece = data[i].first(std::min<uint64_t>(data[i].size(), left));
    left -= piece.size();
    while (!piece.empty()) {
      if (filled == 0 && piece.size() >= untrusted::kWord) {
        const size_t whole = piece.size() / untrusted::kWord * untrusted::kWord;
        arena_.copy_out(offset, piece.first(whole));
        offset += whole;
        piece = piece.subspan(whole);
        continue;
      }
      const size_t part = std::min(piece.size(), untrusted::kWord - filled);
      std::memcpy(reinterpret_cast<std::byte*>(&word) + filled, piece.data(), part);
      piece = piece.subspan(part);
      filled += part;
      if (filled == untrusted::kWord) {
        arena_.at<uint64_t>(offset).store(word);
        offset += untrusted::kWord;
        word = 0;
        filled = 0;
      }
    }
  }
  if (filled != 0) arena_.at<uint64_t>(offset).store(word);
  return window;
}

bool Exchange::stage_whole(size_t slot, std::span<const std::byte> data, uint64_t limit) {
  if (data.size() > limit || data.size() > room()) return false;
  arena_.copy_out(take(slot, data.size()).offset, data);
  return true;
}

Window Exchange::reserve(size_t slot, uint64_t size) {
  return take(slot, size);
}

void Exchange::commit(Door door) {
  ++calls_made;
  const auto submit = [this](SubmissionKind kind) {
    const uint64_t number = submission(calls_made, kind);
    arena_.at<uint64_t>(kSubmission).store(number);
    return number;
  };
  if (door == Door::exit || next_ - kArenaDataOffset > kMaxInsideBytes) {
    submit(SubmissionKind::must_exit);
  } else if (arena_.at<uint64_t>(kServed).load() != 1) {
    submit(SubmissionKind::exits);
  } else if (served_inside(submit(SubmissionKind::waiting))) {
    return;
  }
  enclave::exit_host_call();
}

bool Exchange::served_inside(uint64_t submission) const {
  for (uint64_t round = 0; round < kSubmissionWait; ++round) {
    if (arena_.at<uint64_t>(kCompleted).load() == submission) return true;
    __builtin_ia32_pause();
  }
  return false;
}

IoResult<uint64_t> Exchange::collect(uint64_t low, uint64_t high) {
  const uint64_t result = arena_.at<uint64_t>(offsetof(ArenaHeader, result)).load();
  if (static_cast<int64_t>(result) < 0) {
    const uint64_t number = 0 - result;
    if (!row(call_).errnos.contains(number)) {
      Sentence what;
      what << "errno " << number << " is not among those of this call";
      reply_attack(call_, what.text());
    }
    const auto error = static_cast<wasi::Errno>(number);
    if (error == wasi::Errno::intr) interrupted = true;
    return std::unexpected(error);
  }
  if (result < low || result > high) {
    Sentence what;
    what << "result " << result << " is not between " << low << " and " << high;
    reply_attack(call_, what.text());
  }
  return result;
}

void Exchange::copy_in(Window from, std::span<std::byte> to) const {
  arena_.copy_in(from.offset, to);
}

void Exchange::copy_in(Window from, uint64_t size, const Scatter& to) const {
  uint64_t offset = from.offset;
  uint64_t word = 0;
  size_t unread = 0;  // bytes of `word` that are still to be given out: a piece ended inside it
  for (size_t i = 0; i < to.count() && size != 0; ++i) {
    std::span<std::byte> piece = to[i].first(std::min<uint64_t>(to[i].size(), size));
    size -= piece.size();
    while (!piece.empty()) {
      if (unread == 0 && piece.size() >= untrusted::kWord) {
        const size_t whole = piece.size() / untrusted::kWord * untrusted::kWord;
        arena_.copy_in(offset, piece.first(whole));
        offset += whole;
        piece = piece.subspan(whole);
        continue;
      }
      if (unread == 0) {
        word = arena_.at<uint64_t>(offset).load();
        offset += untrusted::kWord;
        unread = untrusted::kWord;
      }
      const size_t part = std::min(piece.size(), unread);
      std::memcpy(piece.data(), reinterpret_cast<const std::byte*>(&word) + (untrusted::kWord - unread),
                  part);
      piece = piece.subspan(part);
      unread -= part;
    }
  }
}

void reply_attack(Call call, std::string_view what) {
  Sentence sentence;
  sentence << row(call).name << ": " << what;
  enclave::host_attack(sentence.text());
}

void check_reply(Call call, const wasi::Filestat& stat) {
  const auto filetype = static_cast<uint8_t>(stat.filetype);
  if (filetype >= wasi::kFiletypeCount) {
    Sentence what;
    what << "file type " << filetype << " does not exist";
    reply_attack(call, what.text());
  }
}

void check_reply(Call call, std::span<const PollEvent> events) {
  for (const PollEvent& event : events) {
    if ((event.ready & ~uint32_t{kPollRead | kPollWrite | kPollHangup | kPollError}) != 0) {
      reply_attack(call, "an event has unknown bits");
    }
    const bool has_error = (event.ready & kPollError) != 0;
    if (has_error != (event.error != 0) || event.error >= wasi::kErrnoCount) {
      reply_attack(call, "an event's errno does not exist");
    }
  }
}

void check_reply(Call call, const SocketAddress& address) {
  size_t used = 0;
  switch (address.family) {
    case SocketFamily::unspecified:
      break;
    case SocketFamily::ipv4:
      used = 4;
      break;
    case SocketFamily::ipv6:
      used = 16;
      break;
    default:
      reply_attack(call, "an address is of no family that exists");
  }
  const auto is_zero = [](uint8_t byte) { return byte == 0; };
  if (address.padding != 0 || (used == 0 && address.port != 0) ||
      !std::all_of(address.bytes + used, address.bytes + sizeof address.bytes, is_zero)) {
    reply_attack(call, "an address has bytes where it has none");
  }
}

void check_reply(Call call, std::span<const SocketAddress> addresses) {
  for (const SocketAddress& address : addresses) check_reply(call, address);
}

void check_reply(Call call, const SocketReceived& received) {
  check_reply(call, received.from);
  if ((received.flags & ~uint32_t{kDataTruncated}) != 0 || received.padding != 0)
    reply_attack(call, "what came has unknown flags");
}

}  // namespace twine::hostcall

#include "lies.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <thread>

#include "common/wasi_types.h"

namespace twine::test {
namespace {

using hostcall::Call;
using hostcall::CallRow;
using hostcall::DirectoryEntry;

constexpr std::array<std::string_view, kLieCount> kNames = {"too_long",
                                                            "far_too_long",
                                                            "shorter",
                                                            "negative",
                                                            "unknown_errno",
                                                            "foreign_errno",
                                                            "own_errno",
                                                            "pointer",
                                                            "reused_handle",
                                                            "replayed",
                                                            "of_another_thread",
                                                            "out_of_order",
                                                            "dropped",
                                                            "arguments",
                                                            "zeroes",
                                                            "ones",
                                                            "noise",
                                                            "one_bit",
                                                            "file_type",
                                                            "size_2_63",
                                                            "time_1970",
                                                            "time_9999",
                                                            "event_bits",
                                                            "slash_in_name",
                                                            "nul_in_name",
                                                            "name_length",
                                                            "changing_directory",
                                                            "changed_after_check"};

// The lies about fields, a type of reply. `bytes` and CpuidRegisters have no field that could not be so.
struct FieldLies {
  std::string_view type;
  std::array<Lie, 4> lies;
  size_t count;
};
constexpr FieldLies kFieldLies[] = {
    {"bytes", {}, 0},
    {"CpuidRegisters", {}, 0},
    {"wasi::Filestat", {Lie::file_type, Lie::size_2_63, Lie::time_1970, Lie::time_9999}, 4},
    {"PollEvent[]", {Lie::event_bits, Lie::size_2_63}, 2},
    // Nothing but bytes with few that can be true: lies about bytes reach all of their checks.
    {"SocketAddress", {}, 0},
    {"SocketAddress[]", {}, 0},
    {"SocketReceived", {}, 0},
};

// Nanoseconds since 1970 of the farthest time that a signed and an unsigned word can say: the years 2262 and 2554. 9999 would fit neither.
constexpr int64_t kFarthestResult = std::numeric_limits<int64_t>::max();
constexpr uint64_t kFarthestField = std::numeric_limits<uint64_t>::max();

// How much of a large buffer a lie covers, and how much of a reply is kept for a replay.
constexpr size_t kMaxTouched = 8192;
constexpr size_t kMaxRemembered = 4096;
constexpr size_t kMaxHistory = 8;

bool has_field_lie(const CallRow& row, Lie lie) {
  return std::ranges::any_of(row.replies, [lie](const hostcall::ReplyBuffer& reply) {
    return std::ranges::any_of(kFieldLies, [&](const FieldLies& known) {
      return reply.slot >= 0 && known.type == reply.type &&
             std::ranges::find(known.lies.begin(), known.lies.begin() + known.count, lie) !=
                 known.lies.begin() + known.count;
    });
  });
}

bool has_data(const CallRow& row) {
  return row.replies[0].slot >= 0;
}
bool yields_handle(const CallRow& row) {
  return row.length_slot < 0 && row.high == hostcall::kMaxHandles - 1;
}
bool yields_time(const CallRow& row) {
  return row.length_slot < 0 && row.high == uint64_t{std::numeric_limits<int64_t>::max()};
}
bool is_bounded(const CallRow& row) {
  return row.length_slot >= 0 || row.high < uint64_t{std::numeric_limits<int64_t>::max()};
}

size_t index_of(const CallRow& row) {
  return static_cast<size_t>(&row - hostcall::kCalls.data());
}

// Replies that could be true, or that nobody reads: an enclave mostly goes on.
bool can_be_survived(Lie lie) {
  constexpr Lie kGentle[] = {Lie::own_errno, Lie::shorter,   Lie::replayed,  Lie::arguments,
                             Lie::one_bit,   Lie::size_2_63, Lie::time_1970, Lie::time_9999};
  return std::ranges::find(kGentle, lie) != std::end(kGentle);
}

}  // namespace

std::string_view name_of(Lie lie) {
  return kNames[static_cast<size_t>(lie)];
}

bool applies(Lie lie, const CallRow& row) {
  switch (lie) {
    case Lie::too_long:
    case Lie::far_too_long:
      return is_bounded(row);
    case Lie::shorter:
      return !yields_handle(row) && (row.length_slot >= 0 || row.high > 1);
    case Lie::reused_handle:
      return yields_handle(row);
    case Lie::zeroes:
    case Lie::ones:
    case Lie::noise:
    case Lie::one_bit:
      return has_data(row);
    case Lie::file_type:
      return has_field_lie(row, lie) || row.call == Call::directory_read;
    case Lie::size_2_63:
    case Lie::event_bits:
      return has_field_lie(row, lie);
    case Lie::time_1970:
    case Lie::time_9999:
      return has_field_lie(row, lie) || yields_time(row);
    case Lie::slash_in_name:
    case Lie::nul_in_name:
      return row.call == Call::directory_read || row.call == Call::symlink_read;
    case Lie::name_length:
    case Lie::changing_directory:
      return row.call == Call::directory_read;
    case Lie::negative:
    case Lie::unknown_errno:
    case Lie::foreign_errno:
    case Lie::own_errno:
    case Lie::pointer:
    case Lie::replayed:
    case Lie::of_another_thread:
    case Lie::out_of_order:
    case Lie::dropped:
    case Lie::arguments:
    case Lie::changed_after_check:
      return true;
    case Lie::count:
      break;
  }
  return false;
}

std::optional<std::string_view> type_without_lies(const CallRow& row) {
  for (const hostcall::ReplyBuffer& reply : row.replies) {
    if (reply.slot >= 0 &&
        std::ranges::find(kFieldLies, reply.type, &FieldLies::type) == std::end(kFieldLies))
      return reply.type;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- tally

uint64_t Tally::total() const {
  uint64_t sum = 0;
  for (const auto& row : told) {
    for (const auto& cell : row) sum += cell.load();
  }
  return sum;
}

Coverage Tally::report(bool (*reaches)(const CallRow&)) const {
  std::printf("lies, numbered:");
  for (size_t lie = 0; lie < kLieCount; ++lie) {
    std::printf("%s %zu %s", lie % 8 == 0 ? "\n " : "", lie, std::string(kNames[lie]).c_str());
  }
  std::printf("\n%-18s %9s  fewest of a lie that applies\n", "call", "replies");
  Coverage coverage;
  for (const CallRow& row : hostcall::kCalls) {
    if (!reaches(row)) continue;
    uint64_t sum = 0;
    uint64_t fewest = ~uint64_t{0};
    size_t fewest_lie = 0;
    for (size_t lie = 0; lie < kLieCount; ++lie) {
      const uint64_t count = told[index_of(row)][lie].load();
      sum += count;
      if (!applies(static_cast<Lie>(lie), row)) continue;
      if (count < fewest) {
        fewest = count;
        fewest_lie = lie;
      }
      if (count != 0) {
        ++coverage.told;
        continue;
      }
      ++coverage.untold_lies;
      std::printf("never told: %s in a reply to %s\n", std::string(kNames[lie]).c_str(),
                  std::string(row.name).c_str());
    }
    if (sum == 0) ++coverage.untold_calls;
    std::printf("%-18s %9lu  %lu (%s)\n", std::string(row.name).c_str(), sum, fewest,
                std::string(kNames[fewest_lie]).c_str());
  }
  std::printf("%-20s %9s %12s %9s %9s\n", "lie", "told", "host attack", "errno", "went on");
  for (size_t lie = 0; lie < kLieCount; ++lie) {
    uint64_t sum = 0;
    for (const auto& row : told) sum += row[lie].load();
    const auto& [attack, error, on] = ended[lie];
    std::printf("%-20s %9lu %12lu %9lu %9lu\n", std::string(kNames[lie]).c_str(), sum, attack.load(),
                error.load(), on.load());
  }
  return coverage;
}

// ---------------------------------------------------------------- the racing thread

// Flips words between two values until told to stop. A word that the enclave has written meanwhile stays: its last sentence can be read,
// and its next request is its own.
class Liar::Racer {
 public:
  struct Word {
    uint64_t* address;
    uint64_t first;
    uint64_t second;
  };

  Racer() : thread_([this] { run(); }) {}
  ~Racer() {
    stop();
    over_ = true;
    go(kQuit);
    thread_.join();
  }
  Racer(const Racer&) = delete;
  Racer& operator=(const Racer&) = delete;

  // Returns when the race is on.
  void start(std::vector<Word> words) {
    words_ = std::move(words);
    rounds_ = 0;
    running_ = true;
    go(state_.load() + 1);
    while (rounds_.load() == 0) std::this_thread::yield();
  }
  void stop() {
    if (!running_.exchange(false)) return;
    while (!idle_.load()) std::this_thread::yield();
  }
  [[nodiscard]] bool running() const { return running_.load(); }

 private:
  static constexpr uint32_t kQuit = ~uint32_t{0};

  void go(uint32_t state) {
    idle_ = false;
    state_ = state;
    state_.notify_one();
  }

  static void exchange(const Word& word, uint64_t from, uint64_t to) {
    std::atomic_ref(*word.address).compare_exchange_strong(from, to, std::memory_order_relaxed);
  }

  void run() {
    uint32_t seen = 0;
    for (;;) {
      state_.wait(seen);
      seen = state_.load();
      if (over_.load()) return;
      while (running_.load(std::memory_order_relaxed)) {
        for (const Word& word : words_) exchange(word, word.first, word.second);
        for (const Word& word : words_) exchange(word, word.second, word.first);
        ++rounds_;
      }
      idle_ = true;
    }
  }

  std::vector<Word> words_;
  std::atomic<uint32_t> state_ = 0;
  std::atomic<bool> running_ = false;
  std::atomic<bool> idle_ = true;
  std::atomic<bool> over_ = false;
  std::atomic<uint64_t> rounds_ = 0;
  std::thread thread_;
};

// ---------------------------------------------------------------- liar

Liar::Liar(uint64_t seed, Tally& tally, std::function<void(std::span<std::byte>)> honest,
           uint64_t enclave_address)
    : random_(seed), tally_(tally), honest_(std::move(honest)), enclave_address_(enclave_address) {}
Liar::~Liar() {
  end_of_lie_that_was_believed();
}

void Liar::end_race() {
  if (racer_ != nullptr) racer_->stop();
}

void Liar::end_of_lie(LieEnd end) {
  if (told_.lie && !end_is_known_) ++tally_.ended[static_cast<size_t>(*told_.lie)][static_cast<size_t>(end)];
  end_is_known_ = true;
}

void Liar::end_of_lie_that_was_believed() {
  end_of_lie(told_.settled && told_.result < 0 ? LieEnd::errno_given : LieEnd::went_on);
}

void Liar::begin(std::span<std::byte> arena) {
  end_race();
  end_of_lie_that_was_believed();
  ArenaHeader header;
  std::memcpy(&header, arena.data(), sizeof header);
  told_ = {.row = &hostcall::row(static_cast<Call>(header.call)), .lie = {}, .args = {}};
  std::ranges::copy(header.args, told_.args.begin());
}

std::span<std::byte> Liar::reply_window(std::span<std::byte> arena, size_t index) const {
  const int slot = told_.row->replies[index].slot;
  if (slot < 0) return {};
  const uint64_t offset = told_.args[static_cast<size_t>(slot)];
  const uint64_t size = told_.args[static_cast<size_t>(slot) + 1];
  if (offset > arena.size() || size > arena.size() - offset)
    std::abort();  // the enclave asks for no such buffer
  return arena.subspan(offset, size);
}

void Liar::remember(std::span<std::byte> arena) {
  Reply reply;
  std::memcpy(&reply.result, arena.data() + offsetof(ArenaHeader, result), sizeof reply.result);
  const auto window = reply_window(arena, 0);
  const auto part = window.first(std::min(window.size(), kMaxRemembered));
  reply.data.assign(part.begin(), part.end());
  auto& replies = history_[told_.row->call];
  if (replies.size() < kMaxHistory) {
    replies.push_back(reply);
  } else {
    replies[random(kMaxHistory)] = reply;
  }
  before_ = std::move(reply);
}

void Liar::put(std::span<std::byte> arena, const Reply& reply) {
  std::memcpy(arena.data() + offsetof(ArenaHeader, result), &reply.result, sizeof reply.result);
  const auto window = reply_window(arena, 0);
  std::copy_n(reply.data.begin(), std::min(reply.data.size(), window.size()), window.begin());
}

void Liar::answer_honestly(std::span<std::byte> arena) {
  begin(arena);
  honest_(arena);
  std::memcpy(&told_.result, arena.data() + offsetof(ArenaHeader, result), sizeof told_.result);
  remember(arena);
}

void Liar::answer(std::span<std::byte> arena, uint32_t one_in) {
  if (random(one_in) != 0) return answer_honestly(arena);
  ArenaHeader header;
  std::memcpy(&header, arena.data(), sizeof header);
  answer_with(arena, choose(hostcall::row(static_cast<Call>(header.call))));
}

Lie Liar::choose(const CallRow& row) {
  for (;;) {
    const auto lie = static_cast<Lie>(random(kLieCount));
    // A race costs a thread's wake-up: told a quarter as often.
    if (lie == Lie::changed_after_check && random(4) != 0) continue;
    if (!applies(lie, row)) continue;
    if (can_be_survived(lie) || random(harsh_one_in_) == 0) return lie;
  }
}

void Liar::answer_with(std::span<std::byte> arena, Lie lie) {
  begin(arena);
  const Reply before = before_;
  const auto& row = *told_.row;
  if (lie == Lie::dropped) {
    told_.lie = lie;
  } else {
    honest_(arena);
    const std::vector<Reply> replies = history_[row.call];
    remember(arena);
    if (lie == Lie::replayed) {
      if (!replies.empty()) {
        put(arena, replies[random(replies.size())]);
        told_.lie = lie;
      }
    } else if (lie == Lie::of_another_thread) {
      auto other = std::next(history_.begin(), static_cast<ptrdiff_t>(random(history_.size())));
      if (other->first != row.call && !other->second.empty()) {
        put(arena, other->second[random(other->second.size())]);
        told_.lie = lie;
      }
    } else if (lie == Lie::out_of_order) {
      put(arena, before);
      told_.lie = lie;
    } else {
      tell(arena, lie);
    }
  }
  if (told_.settled)
    std::memcpy(&told_.result, arena.data() + offsetof(ArenaHeader, result), sizeof told_.result);
  if (!told_.lie) return;
  ++tally_.told[index_of(row)][static_cast<size_t>(*told_.lie)];
  end_is_known_ = false;
}

void Liar::tell(std::span<std::byte> arena, Lie lie) {
  auto& header = *reinterpret_cast<ArenaHeader*>(arena.data());
  const int64_t honest = header.result;
  told_.lie = lie;
  switch (lie) {
    case Lie::arguments:
      for (uint64_t& word : header.args) word = random(2) == 0 ? random_() : enclave_address_;
      header.call = random(2) == 0 ? random_() : random(hostcall::kCalls.size() + 4);
      return;
    case Lie::changed_after_check: {
      std::vector<Racer::Word> words;
      auto* result = reinterpret_cast<uint64_t*>(&header.result);
      words.push_back({result, *result, random(2) == 0 ? random_() : *result + 1 + random(64)});
      const auto window = reply_window(arena, 0);
      for (size_t offset = 0; offset + 8 <= window.size() && words.size() < 32; offset += 8) {
        auto* word = reinterpret_cast<uint64_t*>(window.data() + offset);
        words.push_back({word, *word, random(4) == 0 ? enclave_address_ : random_()});
      }
      told_.settled = false;
      if (racer_ == nullptr) racer_ = std::make_unique<Racer>();
      racer_->start(std::move(words));
      return;
    }
    case Lie::time_1970:
    case Lie::time_9999:
      if (yields_time(*told_.row)) {
        const auto now = static_cast<int64_t>(random(1'000'000'000));
        header.result = lie == Lie::time_1970 ? now : kFarthestResult - now;
        return;
      }
      return tell_data(arena, lie);
    case Lie::slash_in_name:
    case Lie::nul_in_name:
    case Lie::name_length:
    case Lie::changing_directory:
      return tell_names(reply_window(arena, 0), header.result, lie);
    case Lie::file_type:
      if (told_.row->call == Call::directory_read)
        return tell_names(reply_window(arena, 0), header.result, lie);
      return tell_data(arena, lie);
    default:
      tell_result(header, lie);
      if (lie == Lie::shorter && header.result == honest) told_.lie.reset();
      tell_data(arena, lie);
  }
}

void Liar::tell_result(ArenaHeader& header, Lie lie) {
  const CallRow& row = *told_.row;
  const uint64_t bound =
      row.length_slot >= 0 ? told_.args[static_cast<size_t>(row.length_slot) + 1] : row.high;
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  switch (lie) {
    case Lie::too_long:
      header.result = static_cast<int64_t>(bound + 1 + (random(2) == 0 ? 0 : random(64)));
      return;
    case Lie::far_too_long: {
      const int64_t sizes[] = {static_cast<int64_t>(bound + (uint64_t{1} << 32) + 1),
                               std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::max() - 7,
                               int64_t{1} << 62};
      header.result = sizes[random(std::size(sizes))];
      return;
    }
    case Lie::shorter:
      if (header.result > 0)
        header.result = static_cast<int64_t>(random(static_cast<uint64_t>(header.result)));
      return;
    case Lie::negative:
      header.result = kLowest + static_cast<int64_t>(random(1000));
      return;
    case Lie::unknown_errno:
      header.result = -static_cast<int64_t>(wasi::kErrnoCount + random(random(2) == 0 ? 8 : 1'000'000));
      return;
    case Lie::foreign_errno:
    case Lie::own_errno:
      for (;;) {
        const uint64_t number = 1 + random(wasi::kErrnoCount - 1U);
        if (row.errnos.contains(number) != (lie == Lie::own_errno)) continue;
        header.result = -static_cast<int64_t>(number);
        return;
      }
    case Lie::pointer:
      if (random(2) == 0) header.result = static_cast<int64_t>(enclave_address_ + random(4096));
      for (uint64_t& word : header.args) word = enclave_address_ + random(4096);
      return;
    case Lie::reused_handle: {
      const auto& handles = history_[row.call];
      const int64_t known = handles.empty() ? 4 : handles[random(handles.size())].result;
      header.result = random(3) == 0 ? static_cast<int64_t>(random(6)) : std::max<int64_t>(known, 0);
      return;
    }
    default:
      return;
  }
}

void Liar::tell_data(std::span<std::byte> arena, Lie lie) {
  for (size_t index = 0; index < told_.row->replies.size(); ++index) {
    std::span<std::byte> window = reply_window(arena, index);
    const std::string_view type = told_.row->replies[index].type;
    if (window.empty()) continue;
    if (window.size() > kMaxTouched)
      window = window.subspan(random(2) == 0 ? 0 : window.size() - kMaxTouched, kMaxTouched);
    switch (lie) {
      case Lie::zeroes:
        std::ranges::fill(window, std::byte{0});
        continue;
      case Lie::ones:
        std::ranges::fill(window, std::byte{0xff});
        continue;
      case Lie::noise:
        std::ranges::generate(window, [this] { return static_cast<std::byte>(random_()); });
        continue;
      case Lie::one_bit:
        window[random(window.size())] ^= static_cast<std::byte>(1U << random(8));
        continue;
      case Lie::pointer:
        for (size_t offset = 0; offset + 8 <= window.size(); offset += 8) {
          const uint64_t address = enclave_address_ + random(4096);
          std::memcpy(window.data() + offset, &address, sizeof address);
        }
        continue;
      default:
        break;
    }
    if (type == "wasi::Filestat") {
      auto& stat = *reinterpret_cast<wasi::Filestat*>(window.data());
      if (lie == Lie::file_type)
        stat.filetype = static_cast<wasi::Filetype>(random(2) == 0 ? random(8) : random(256));
      if (lie == Lie::size_2_63) stat.size = (uint64_t{1} << 63) - 1 + random(3);
      if (lie == Lie::time_1970) stat.atim = stat.mtim = stat.ctim = random(2);
      if (lie == Lie::time_9999) stat.atim = stat.mtim = stat.ctim = kFarthestField - random(2);
    }
    if (type == "PollEvent[]") {
      for (size_t at = 0; at + sizeof(hostcall::PollEvent) <= window.size();
           at += sizeof(hostcall::PollEvent)) {
        auto& event = *reinterpret_cast<hostcall::PollEvent*>(window.data() + at);
        if (lie == Lie::event_bits) {
          event.ready = static_cast<uint32_t>(random(2) == 0 ? random(16) : random_());
          event.error = static_cast<uint32_t>(random(3) == 0 ? random(100) : 0);
        }
        if (lie == Lie::size_2_63) event.bytes = (uint64_t{1} << 63) + random(2);
      }
    }
  }
}

void Liar::tell_names(std::span<std::byte> window, int64_t& result, Lie lie) {
  if (result <= 0 || static_cast<uint64_t>(result) > window.size()) {
    told_.lie.reset();
    return;
  }
  const std::span<std::byte> entries = window.first(static_cast<size_t>(result));
  if (told_.row->call == Call::symlink_read) {
    entries[random(2) == 0 ? 0 : random(entries.size())] =
        lie == Lie::slash_in_name ? std::byte{'/'} : std::byte{0};
    return;
  }
  // Where the entries begin. They are the honest host's.
  std::vector<size_t> starts;
  const auto entry_at = [&](size_t at) {
    DirectoryEntry entry;
    std::memcpy(&entry, entries.data() + at, sizeof entry);
    return entry;
  };
  for (size_t at = 0; at + sizeof(DirectoryEntry) <= entries.size();
       at += sizeof(DirectoryEntry) + entry_at(at).name_length) {
    starts.push_back(at);
  }
  const size_t at = starts[random(starts.size())];
  DirectoryEntry entry = entry_at(at);
  std::byte* name = entries.data() + at + sizeof entry;
  switch (lie) {
    case Lie::slash_in_name:
      name[random(entry.name_length)] = std::byte{'/'};
      return;
    case Lie::nul_in_name:
      name[random(entry.name_length)] = std::byte{0};
      return;
    case Lie::file_type:
      entry.filetype = static_cast<uint32_t>(random(2) == 0 ? random(9) : random_());
      break;
    case Lie::name_length: {
      const uint32_t lengths[] = {0, 256, ~uint32_t{0}, entry.name_length + 1,
                                  static_cast<uint32_t>(entries.size())};
      entry.name_length = lengths[random(std::size(lengths))];
      break;
    }
    default:  // changing_directory
      switch (random(4)) {
        case 0:
          entry.next_cookie = 0;
          break;
        case 1:
          entry.next_cookie = random_();
          break;
        case 2:  // what was before it is gone
          std::memmove(entries.data(), entries.data() + at, entries.size() - at);
          result = static_cast<int64_t>(entries.size() - at);
          return;
        default:  // the same once more
          if (entry.next_cookie > 0) --entry.next_cookie;
      }
  }
  std::memcpy(entries.data() + at, &entry, sizeof entry);
}

}  // namespace twine::test

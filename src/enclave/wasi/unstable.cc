// Snapshot 0 of WASI, `wasi_unstable`, where it differs from preview1: the order of whence, filestat with a 32-bit link
// count, subscriptions with an identifier. Its events, rights, flags and error numbers are preview1's.

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "common/hostcall.h"
#include "enclave/wasi/functions.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi::unstable {

namespace {

Filestat narrow(const wasi::Filestat& stat) {
  return {
      .dev = stat.dev,
      .ino = stat.ino,
      .filetype = stat.filetype,
      .padding = {},
      .nlink = static_cast<uint32_t>(std::min<uint64_t>(stat.nlink, std::numeric_limits<uint32_t>::max())),
      .size = stat.size,
      .atim = stat.atim,
      .mtim = stat.mtim,
      .ctim = stat.ctim,
  };
}

wasi::Subscription widen(const Subscription& subscription) {
  wasi::Subscription result{};
  result.userdata = subscription.userdata;
  result.tag = subscription.tag;
  if (static_cast<Eventtype>(subscription.tag) != Eventtype::clock) {
    result.id_or_fd = subscription.fd;
    return result;
  }
  result.id_or_fd = subscription.clock.id;
  result.timeout = subscription.clock.timeout;
  result.precision = subscription.clock.precision;
  result.flags = subscription.clock.flags;
  return result;
}

}  // namespace

Outcome<void> fd_filestat_get(Call& call, uint32_t fd, uint32_t buf) {
  const wasi::Filestat stat = TWINE_TRY(filestat_of(call, fd));
  TWINE_TRY(call.memory.store(buf, narrow(stat)));
  return {};
}

Outcome<void> path_filestat_get(Call& call, uint32_t fd, uint32_t flags, uint32_t path, uint32_t path_len,
                                uint32_t buf) {
  const wasi::Filestat stat = TWINE_TRY(filestat_of_path(call, fd, flags, path, path_len));
  TWINE_TRY(call.memory.store(buf, narrow(stat)));
  return {};
}

Outcome<void> fd_seek(Call& call, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t newoffset) {
  constexpr std::array kWhence = {Whence::cur, Whence::end, Whence::set};
  if (whence >= kWhence.size()) return std::unexpected(Errno::inval);
  return wasi::fd_seek(call, fd, offset, static_cast<uint32_t>(kWhence[whence]), newoffset);
}

Outcome<void> poll_oneoff(Call& call, uint32_t in, uint32_t out, uint32_t nsubscriptions, uint32_t nevents) {
  if (nsubscriptions == 0 || nsubscriptions > hostcall::kMaxPollEntries) return std::unexpected(Errno::inval);
  const auto from = TWINE_TRY(call.memory.bytes(in, uint64_t{nsubscriptions} * sizeof(Subscription)));
  const auto to = TWINE_TRY(call.memory.bytes(out, uint64_t{nsubscriptions} * sizeof(Event)));
  std::vector<wasi::Subscription> subscriptions;
  for (uint32_t i = 0; i < nsubscriptions; ++i) {
    Subscription subscription;
    std::memcpy(&subscription, from.data() + i * sizeof subscription, sizeof subscription);
    subscriptions.push_back(widen(subscription));
  }
  const std::vector<Event> events = TWINE_TRY(poll(call, subscriptions));
  std::memcpy(to.data(), events.data(), events.size() * sizeof(Event));
  TWINE_TRY(call.memory.store(nevents, static_cast<uint32_t>(events.size())));
  return {};
}

}  // namespace twine::wasi::unstable

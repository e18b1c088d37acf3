#include "enclave/fs/host_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "common/entry.h"
#include "common/result.h"
#include "enclave/hostcall/hostcalls.h"

namespace twine::fs {

namespace {

constexpr uint64_t kMaxTransfer = kArenaDataSize;
// Offsets are signed in WASI as in POSIX.
constexpr uint64_t kMaxPosition = std::numeric_limits<int64_t>::max();

// The next transfer of a long list: as many pieces, and parts of them, as the arena holds.
template <typename Byte>
class NextPart {
 public:
  using Piece = typename hostcall::Pieces<Byte>::Piece;

  // Begins behind the first `skipped` bytes, of which there are no more than pieces.
  NextPart(const hostcall::Pieces<Byte>& pieces, uint64_t skipped) : pieces_(pieces), offset_(skipped) {
    for (; index_ < pieces_.count() && offset_ >= pieces_[index_].size(); ++index_)
      offset_ -= pieces_[index_].size();
  }

  // Valid until the next call; empty at the end.
  hostcall::Pieces<Byte> take() {
    size_t count = 0;
    uint64_t space = kMaxTransfer;
    for (; index_ < pieces_.count() && count < part_.size() && space != 0; ++count) {
      const Piece rest = pieces_[index_].subspan(offset_);
      part_[count] = rest.first(std::min<uint64_t>(rest.size(), space));
      space -= part_[count].size();
      offset_ += part_[count].size();
      if (offset_ != pieces_[index_].size()) continue;
      ++index_;
      offset_ = 0;
    }
    return hostcall::Pieces<Byte>(std::span<const Piece>(part_.data(), count));
  }

 private:
  const hostcall::Pieces<Byte>& pieces_;
  size_t index_ = 0;
  size_t offset_;  // in pieces_[index_]
  // IOV_MAX pieces may each be short; a longer list than this only costs another exit.
  std::array<Piece, 64> part_{};
};

// Moves all of `pieces` but the first `done` bytes by calls of transfer(part, bytes moved before), until one moves less than it was given.
template <typename Byte, typename Transfer>
IoResult<uint64_t> in_parts(const hostcall::Pieces<Byte>& pieces, uint64_t done, Transfer&& transfer) {
  if (done == 0 && total_size(pieces) <= kMaxTransfer) return transfer(pieces, done);
  NextPart<Byte> next(pieces, done);
  for (;;) {
    const hostcall::Pieces<Byte> part = next.take();
    const uint64_t size = total_size(part);
    if (part.count() == 0) return done;
    if (size == 0) continue;
    const IoResult<uint64_t> moved = transfer(part, done);
    if (!moved) return done != 0 ? IoResult<uint64_t>(done) : moved;
    done += *moved;
    if (*moved < size) return done;
  }
}

}  // namespace

bool HostFile::moves_at_once() const {
  return (flags() & (wasi::fdflags::sync | wasi::fdflags::dsync | wasi::fdflags::rsync)) != 0;
}

bool HostFile::is_small(uint64_t size) const {
  return size <= kSmall && !moves_at_once();
}

IoResult<uint64_t> HostFile::size() {
  small_.settle_file(small_file_.id);
  const Filestat now = TWINE_TRY(stat());
  return std::min(now.size, kMaxPosition);
}

IoResult<uint64_t> HostFile::position() {
  if (position_is_end_) {
    position_ = TWINE_TRY(size());
    position_is_end_ = false;
  }
  return position_;
}

IoResult<uint64_t> HostFile::read(const Scatter& to) {
  const uint64_t from = TWINE_TRY(position());
  const bool goes_on = from == read_end_ && from <= kMaxPosition - kAheadBytes;
  if (!goes_on) {
    small_file_.in_a_row = 0;
    small_.forget_read_ahead(small_file_.id);
  }
  const uint64_t count =
      TWINE_TRY(goes_on && is_small(total_size(to)) ? small_.read(small_file_, from, to)
                                                    : read_large(to, from, small_file_.in_a_row));
  small_file_.in_a_row += count;
  position_ = from + count;
  read_end_ = position_;
  return count;
}

IoResult<uint64_t> HostFile::write(const Gather& from) {
  const bool small = is_small(total_size(from));
  if ((flags() & wasi::fdflags::append) != 0) {
    if (small) {
      const uint64_t count = TWINE_TRY(small_.write(small_file_, hostcall::kStreamPosition, from));
      position_is_end_ = true;
      return count;
    }
    small_.settle_file(small_file_.id);
    TWINE_TRY(small_.take_error(small_file_));
    const uint64_t count = TWINE_TRY(in_parts(from, 0, [&](const Gather& part, uint64_t /*done*/) {
      return hostcall::file_write(handle_.get(), hostcall::kStreamPosition, part);
    }));
    position_is_end_ = true;
    return count;
  }
  const uint64_t to = TWINE_TRY(position());
  const bool fits = to <= kMaxPosition - kHeldBytes;
  const uint64_t count = TWINE_TRY(small && fits ? small_.write(small_file_, to, from) : write_at(from, to));
  position_ = to + count;
  return count;
}

IoResult<uint64_t> HostFile::read_at(const Scatter& to, uint64_t position) {
  small_.forget_read_ahead(small_file_.id);
  return read_large(to, position, /*ahead=*/0);
}

IoResult<uint64_t> HostFile::read_large(const Scatter& to, uint64_t position, uint64_t ahead) {
  if (position > kMaxPosition) return std::unexpected(Errno::inval);
  uint64_t shown = 0;
  if (position <= kMaxPosition - kArenaWindowSize && !moves_at_once()) {
    shown = small_.read_shown(small_file_, position, to, ahead);
    if (shown == total_size(to)) return shown;
  }
  small_.settle_file(small_file_.id);
  return in_parts(to, shown, [&](const Scatter& part, uint64_t done) -> IoResult<uint64_t> {
    if (done > kMaxPosition - position) return 0;
    return hostcall::file_read(handle_.get(), position + done, part);
  });
}

IoResult<uint64_t> HostFile::write_at(const Gather& from, uint64_t position) {
  if (position > kMaxPosition) return std::unexpected(Errno::inval);
  small_.settle_file(small_file_.id);
  TWINE_TRY(small_.take_error(small_file_));
  return in_parts(from, 0, [&](const Gather& part, uint64_t done) -> IoResult<uint64_t> {
    if (total_size(part) > kMaxPosition - position - done) return std::unexpected(Errno::fbig);
    return hostcall::file_write(handle_.get(), position + done, part);
  });
}

IoResult<uint64_t> HostFile::seek(int64_t delta, wasi::Whence whence) {
  int64_t base = 0;
  if (whence == wasi::Whence::cur) base = static_cast<int64_t>(TWINE_TRY(position()));
  if (whence == wasi::Whence::end) base = static_cast<int64_t>(TWINE_TRY(size()));
  int64_t target = 0;
  if (__builtin_add_overflow(base, delta, &target) || target < 0) return std::unexpected(Errno::inval);
  position_ = static_cast<uint64_t>(target);
  position_is_end_ = false;
  return position_;
}

IoResult<Filestat> HostFile::stat() {
  Filestat stat{};
  const auto done = hostcall::file_stat(handle_.get(), "", /*follow=*/0, stat);
  if (!done) return std::unexpected(done.error());
  return stat;
}

IoResult<void> HostFile::set_size(uint64_t size) {
  if (size > kMaxPosition) return std::unexpected(Errno::fbig);
  return hostcall::file_set_size(handle_.get(), size);
}

IoResult<void> HostFile::allocate(uint64_t position, uint64_t length) {
  if (length == 0) return std::unexpected(Errno::inval);
  if (position > kMaxPosition || length > kMaxPosition - position) return std::unexpected(Errno::fbig);
  return hostcall::file_allocate(handle_.get(), position, length);
}

IoResult<void> HostFile::advise(uint64_t position, uint64_t length, wasi::Advice advice) {
  if (position > kMaxPosition || length > kMaxPosition - position) return std::unexpected(Errno::inval);
  return hostcall::file_advise(handle_.get(), position, length, static_cast<uint32_t>(advice));
}

IoResult<void> HostFile::sync(bool data_only) {
  TWINE_TRY(small_.take_error(small_file_));
  return hostcall::file_sync(handle_.get(), data_only ? 1 : 0);
}

IoResult<void> HostFile::close() {
  small_.detach(small_file_);
  const IoResult<void> closed = handle_.close();
  TWINE_TRY(small_.take_error(small_file_));
  return closed;
}

IoResult<void> HostFile::set_times(const TimeUpdate& times) {
  if (read_only_mount_) return std::unexpected(Errno::rofs);
  return hostcall::file_set_times(handle_.get(), "", /*follow=*/0, times.atim, times.mtim, times.fstflags);
}

IoResult<void> HostFile::set_flags(Fdflags flags) {
  const auto done = hostcall::file_set_flags(handle_.get(), flags);
  if (done) remember_flags(flags);
  return done;
}

IoResult<uint64_t> HostFile::readable_bytes() {
  const uint64_t end = TWINE_TRY(size());
  const uint64_t here = TWINE_TRY(position());
  return end > here ? end - here : 0;
}

}  // namespace twine::fs

#include "enclave/fs/memory_file.h"

#include <algorithm>
#include <limits>

#include "common/result.h"

namespace twine::fs {

namespace {

// Offsets are signed in WASI as in POSIX.
constexpr uint64_t kMaxPosition = std::numeric_limits<int64_t>::max();

}  // namespace

IoResult<uint64_t> MemoryFile::read(const Scatter& to) {
  const uint64_t count = TWINE_TRY(read_at(to, position_));
  position_ += count;
  return count;
}

IoResult<uint64_t> MemoryFile::write(const Gather& from) {
  const bool appends = (flags() & wasi::fdflags::append) != 0;
  const uint64_t start = appends ? node_.size : position_;
  const uint64_t count = TWINE_TRY(write_at(from, start));
  position_ = start + count;
  return count;
}

IoResult<uint64_t> MemoryFile::read_at(const Scatter& to, uint64_t position) {
  if (position > kMaxPosition) return std::unexpected(Errno::inval);
  uint64_t done = 0;
  for (size_t i = 0; i < to.count() && position + done < node_.size; ++i) {
    const uint64_t count = std::min<uint64_t>(to[i].size(), node_.size - position - done);
    tree_.read(node_, position + done, to[i].first(count));
    done += count;
  }
  return done;
}

IoResult<uint64_t> MemoryFile::write_at(const Gather& from, uint64_t position) {
  if (position > kMaxPosition) return std::unexpected(Errno::inval);
  if (total_size(from) > kMaxPosition - position) return std::unexpected(Errno::fbig);
  uint64_t done = 0;
  for (size_t i = 0; i < from.count(); ++i) {
    const auto written = tree_.write(node_, position + done, from[i]);
    if (!written) return done != 0 ? IoResult<uint64_t>(done) : written;
    done += *written;
    if (*written < from[i].size()) break;
  }
  return done;
}

IoResult<uint64_t> MemoryFile::seek(int64_t delta, wasi::Whence whence) {
  int64_t base = 0;
  if (whence == wasi::Whence::cur) base = static_cast<int64_t>(position_);
  if (whence == wasi::Whence::end) base = static_cast<int64_t>(node_.size);
  int64_t target = 0;
  if (__builtin_add_overflow(base, delta, &target) || target < 0) return std::unexpected(Errno::inval);
  position_ = static_cast<uint64_t>(target);
  return position_;
}

IoResult<void> MemoryFile::set_size(uint64_t size) {
  if (size > kMaxPosition) return std::unexpected(Errno::fbig);
  tree_.resize(node_, size);
  return {};
}

IoResult<void> MemoryFile::allocate(uint64_t position, uint64_t length) {
  if (length == 0) return std::unexpected(Errno::inval);
  if (position > kMaxPosition || length > kMaxPosition - position) return std::unexpected(Errno::fbig);
  return tree_.reserve(node_, position, length);
}

IoResult<void> MemoryFile::advise(uint64_t position, uint64_t length, wasi::Advice /*advice*/) {
  if (position > kMaxPosition || length > kMaxPosition - position) return std::unexpected(Errno::inval);
  return {};
}

IoResult<void> MemoryFile::set_times(const TimeUpdate& times) {
  tree_.set_times(node_, times);
  return {};
}

IoResult<void> MemoryFile::set_flags(Fdflags flags) {
  remember_flags(flags);
  return {};
}

IoResult<uint64_t> MemoryFile::readable_bytes() {
  return node_.size > position_ ? node_.size - position_ : 0;
}

}  // namespace twine::fs

#include "enclave/fs/small_transfers.h"

#include <algorithm>
#include <array>

#include "common/entry.h"
#include "common/result.h"
#include "enclave/hostcall/hostcalls.h"
#include "enclave/hostcall/window.h"

namespace twine::fs {

IoResult<uint64_t> SmallTransfers::write(SmallFile& file, uint64_t position, const Gather& from) {
  TWINE_TRY(take_error(file));
  const uint64_t size = total_size(from);
  const bool appends = position == hostcall::kStreamPosition;
  const bool follows =
      writer_ == &file && held_.size() + size <= kHeldBytes &&
      (appends ? held_position_ == position
               : held_position_ != hostcall::kStreamPosition && held_position_ + held_.size() == position);
  if (!follows) {
    write_held();
    TWINE_TRY(take_error(file));
    writer_ = &file;
    held_position_ = position;
  }
  if (reader_ != nullptr && reader_->id == file.id) reader_ = nullptr;
  held_.reserve(kHeldBytes);
  for (size_t i = 0; i < from.count(); ++i) held_.insert(held_.end(), from[i].begin(), from[i].end());
  return size;
}

IoResult<uint64_t> SmallTransfers::read(SmallFile& file, uint64_t position, const Scatter& to) {
  if (writer_ != nullptr && writer_->id == file.id) write_held();
  uint64_t done = 0;
  for (size_t i = 0; i < to.count(); ++i) {
    for (std::span<std::byte> piece = to[i]; !piece.empty();) {
      const size_t count = take_ahead(file, position + done, piece);
      piece = piece.subspan(count);
      done += count;
      if (count != 0) continue;
      const IoResult<uint64_t> fetched = fetch(file, position + done);
      if (!fetched && done == 0) return fetched;
      if (!fetched || *fetched == 0) return done;
    }
  }
  return done;
}

uint64_t SmallTransfers::read_shown(SmallFile& file, uint64_t position, const Scatter& to, uint64_t ahead) {
  if (writer_ != nullptr && writer_->id == file.id) write_held();
  const uint64_t size = total_size(to);
  uint64_t done = 0;
  for (size_t i = 0; i < to.count(); ++i) {
    for (std::span<std::byte> piece = to[i]; !piece.empty();) {
      const size_t count = take_ahead(file, position + done, piece);
      piece = piece.subspan(count);
      done += count;
      if (count == 0 && !show(file, position + done, std::max(size - done, ahead))) return done;
    }
  }
  return done;
}

size_t SmallTransfers::take_ahead(SmallFile& file, uint64_t position, std::span<std::byte> to) {
  if (reader_ != &file || position < ahead_position_ || position - ahead_position_ >= ahead_size_) return 0;
  const uint64_t offset = position - ahead_position_;
  to = to.first(std::min<uint64_t>(to.size(), ahead_size_ - offset));
  if (!ahead_is_shown_) {
    std::ranges::copy(std::span(ahead_).subspan(offset, to.size()), to.begin());
    return to.size();
  }
  // What turns out to be no file's is not to be found behind the few bytes that are read instead.
  std::array<std::byte, kSmall> aside;
  const bool is_small = to.size() <= aside.size();
  const std::span<std::byte> first_to = is_small ? std::span(aside).first(to.size()) : to;
  if (!hostcall::window::copy_in(offset, first_to)) {
    // file_read says what has become of the file.
    file.is_shown = false;
    reader_ = nullptr;
    return 0;
  }
  if (is_small) std::ranges::copy(first_to, to.begin());
  return to.size();
}

IoResult<uint64_t> SmallTransfers::fetch(SmallFile& file, uint64_t position) {
  if (show(file, position, file.in_a_row)) return ahead_size_;
  reader_ = nullptr;
  ahead_.resize(kAheadBytes);
  ahead_size_ = TWINE_TRY(hostcall::file_read(file.handle, position, std::span(ahead_)));
  ahead_position_ = position;
  ahead_is_shown_ = false;
  reader_ = &file;
  return ahead_size_;
}

bool SmallTransfers::show(SmallFile& file, uint64_t position, uint64_t wanted) {
  if (!file.is_shown || wanted < kShown) return false;
  const uint64_t before = position % kArenaAlignment;
  reader_ = nullptr;
  const IoResult<uint64_t> shown =
      hostcall::window::show(file.handle, position - before, std::min(before + wanted, kArenaWindowSize));
  file.is_shown = shown.has_value();
  if (!shown || *shown <= before) return false;
  ahead_position_ = position - before;
  ahead_size_ = *shown;
  ahead_is_shown_ = true;
  reader_ = &file;
  return true;
}

void SmallTransfers::settle() {
  write_held();
  reader_ = nullptr;
}

void SmallTransfers::settle_file(const FileId& file) {
  if (writer_ != nullptr && writer_->id == file) write_held();
  if (reader_ != nullptr && reader_->id == file) reader_ = nullptr;
}

void SmallTransfers::forget_read_ahead(const FileId& file) {
  if (reader_ != nullptr && reader_->id == file && !ahead_is_shown_) reader_ = nullptr;
}

void SmallTransfers::write_held() {
  std::span<const std::byte> rest = held_;
  while (!rest.empty()) {
    const IoResult<uint64_t> written = hostcall::file_write(writer_->handle, held_position_, rest);
    if (!written || *written == 0) {
      fail(written ? Errno::io : written.error());
      break;
    }
    rest = rest.subspan(*written);
    if (held_position_ != hostcall::kStreamPosition) held_position_ += *written;
  }
  held_.clear();
  writer_ = nullptr;
}

void SmallTransfers::fail(Errno error) {
  writer_->error = error;
  unreported_ = error;
}

IoResult<void> SmallTransfers::take_error(SmallFile& file) {
  if (!file.error) return {};
  unreported_.reset();
  const Errno error = *file.error;
  file.error.reset();
  return std::unexpected(error);
}

void SmallTransfers::detach(const SmallFile& file) {
  if (writer_ == &file) write_held();
  if (reader_ == &file) reader_ = nullptr;
}

}  // namespace twine::fs

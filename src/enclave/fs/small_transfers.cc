#include "enclave/fs/small_transfers.h"

#include <algorithm>

#include "common/result.h"
#include "enclave/hostcall/hostcalls.h"

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
      const bool is_ahead =
          reader_ == &file && position >= ahead_position_ && position - ahead_position_ < ahead_.size();
      if (!is_ahead) {
        ahead_.resize(kAheadBytes);
        reader_ = nullptr;
        const IoResult<uint64_t> fetched = hostcall::file_read(file.handle, position, std::span(ahead_));
        if (!fetched && done == 0) return fetched;
        if (!fetched || *fetched == 0) return done;
        ahead_.resize(*fetched);
        ahead_position_ = position;
        reader_ = &file;
      }
      const auto rest = std::span(ahead_).subspan(position - ahead_position_);
      const size_t count = std::min(rest.size(), piece.size());
      std::ranges::copy(rest.first(count), piece.begin());
      piece = piece.subspan(count);
      position += count;
      done += count;
    }
  }
  return done;
}

void SmallTransfers::settle() {
  write_held();
  reader_ = nullptr;
}

void SmallTransfers::settle_file(const FileId& file) {
  if (writer_ != nullptr && writer_->id == file) write_held();
  if (reader_ != nullptr && reader_->id == file) reader_ = nullptr;
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

// Sequential reads and small writes of the host's regular files, made fewer host calls.
//
// Writes of at most kSmall bytes that follow each other in one file are held back, kHeldBytes at most, and go out together; a small read that goes
// on where the last one ended fetches kAheadBytes. From kShown bytes on, in one read or in reads that follow each other, the host is asked to show
// the file's own pages (hostcall/window.h), as many as were read in a row, which saves a copy and most calls. One file at a time is written so,
// and one read.
//
// What a program may notice of it:
//   - Within the launch, nothing but errors. Before any call that could tell the difference everything held is written and what was read ahead is
//     forgotten (settle; call.h has the functions that need not), and other descriptors of the same file see what was held (settle_file).
//   - An error of a held write is reported by the next write, sync or close of that descriptor, as POSIX allows; if the program ends before, by the
//     launch.
//   - Other processes see held bytes at the program's next call that is neither a small read or write nor a look at clocks, randomness,
//     arguments or positions, and at its end, by a trap too. A host process that is killed takes at most kHeldBytes with it.
//   - A change by another process may go unseen in the kAheadBytes that were read ahead, by reads that go on where the last one ended, until the
//     same moment; that it has made the file shorter, in as much as is shown. The end of the file is never remembered.
// Files opened with sync, dsync or rsync, and streams, are not treated so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "enclave/fs/descriptor.h"
#include "enclave/hostcall/handle.h"

namespace twine::fs {

inline constexpr uint64_t kSmall = 4096;
inline constexpr uint64_t kHeldBytes = uint64_t{16} << 10;
inline constexpr uint64_t kAheadBytes = uint64_t{64} << 10;
inline constexpr uint64_t kShown = uint64_t{256} << 10;

// Which file it is, in the host's word; one that lies about it only makes the guest see what it could have shown anyway.
struct FileId {
  uint64_t device;
  uint64_t inode;
  bool operator==(const FileId&) const = default;
};

// The part of an open file that is concerned. Outlives no SmallTransfers it was given to.
struct SmallFile {
  hostcall::Handle handle;
  FileId id;
  std::optional<Errno> error{};  // of a held write, not yet reported
  uint64_t in_a_row = 0;         // bytes read so far, each read where the last one ended
  bool is_shown = true;          // the host has not said, nor shown, that it cannot
};

class SmallTransfers {
 public:
  SmallTransfers() = default;
  SmallTransfers(const SmallTransfers&) = delete;
  SmallTransfers& operator=(const SmallTransfers&) = delete;

  // Takes at most kSmall bytes for `position`, or hostcall::kStreamPosition: the end of an appending file. Nothing is taken where it fails.
  IoResult<uint64_t> write(SmallFile& file, uint64_t position, const Gather& from);

  // At most kSmall bytes from `position`; less only at the end of the file.
  IoResult<uint64_t> read(SmallFile& file, uint64_t position, const Scatter& to);
  // How much of `to`, of any size, could be copied, from what was read ahead or is shown; if it has to be shown, `ahead` bytes are, or as many as
  // are wanted. A piece of more than kSmall in which that ends holds anything behind it, the others what they held.
  uint64_t read_shown(SmallFile& file, uint64_t position, const Scatter& to, uint64_t ahead);

  // Writes what is held and forgets what was read ahead.
  void settle();
  // The same if it is of this file, by whichever descriptor.
  void settle_file(const FileId& file);
  // The next read of this file sees it as it is by then. What is shown always is.
  void forget_read_ahead(const FileId& file);

  // The error of a write held for `file`, which is thereby reported.
  IoResult<void> take_error(SmallFile& file);
  // `file` is closed or gone. What it still holds has been settled.
  void detach(const SmallFile& file);

  // An error that no descriptor has reported.
  [[nodiscard]] std::optional<Errno> unreported() const { return unreported_; }

 private:
  void write_held();
  void fail(Errno error);
  // How much of `to` is of what was read ahead; 0: none.
  size_t take_ahead(SmallFile& file, uint64_t position, std::span<std::byte> to);
  // Reads ahead, from `position` on. How much there is now, 0 at the end of the file.
  IoResult<uint64_t> fetch(SmallFile& file, uint64_t position);
  // Has `wanted` bytes shown, or more; false if nothing is.
  bool show(SmallFile& file, uint64_t position, uint64_t wanted);

  SmallFile* writer_ = nullptr;
  uint64_t held_position_ = 0;
  std::vector<std::byte> held_;

  const SmallFile* reader_ = nullptr;
  uint64_t ahead_position_ = 0;
  uint64_t ahead_size_ = 0;
  bool ahead_is_shown_ = false;  // it is in the window, not in ahead_
  std::vector<std::byte> ahead_;

  std::optional<Errno> unreported_;
};

}  // namespace twine::fs

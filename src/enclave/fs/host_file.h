// A regular file of the host.
//
// The position lives here, not at the host: seek and tell cost no host call (but from the end), and the host
// cannot lie about them. Contents, size and times are the host's word: whoever needs more uses a vault.
// Transfers larger than the arena are split; a short one ends the operation, with what was moved before it.
// Small ones that follow each other are gathered (small_transfers.h).
#pragma once

#include "enclave/fs/descriptor.h"
#include "enclave/fs/small_transfers.h"
#include "enclave/hostcall/handle.h"

namespace twine::fs {

class HostFile final : public Descriptor {
 public:
  HostFile(hostcall::OwnedHandle handle, FileId id, Fdflags flags, bool read_only_mount,
           SmallTransfers& small)
      : Descriptor(Filetype::regular_file, flags),
        handle_(std::move(handle)),
        read_only_mount_(read_only_mount),
        small_(small),
        small_file_{handle_.get(), id} {}
  ~HostFile() override { small_.detach(small_file_); }

  bool seekable() const override { return true; }
  bool settles_itself() const override { return true; }
  IoResult<uint64_t> read(const Scatter& to) override;
  IoResult<uint64_t> write(const Gather& from) override;
  IoResult<uint64_t> read_at(const Scatter& to, uint64_t position) override;
  IoResult<uint64_t> write_at(const Gather& from, uint64_t position) override;
  IoResult<uint64_t> seek(int64_t delta, wasi::Whence whence) override;
  IoResult<Filestat> stat() override;
  IoResult<void> set_size(uint64_t size) override;
  IoResult<void> allocate(uint64_t position, uint64_t length) override;
  IoResult<void> advise(uint64_t position, uint64_t length, wasi::Advice advice) override;
  IoResult<void> sync(bool data_only) override;
  IoResult<void> set_times(const TimeUpdate& times) override;
  IoResult<void> set_flags(Fdflags flags) override;
  IoResult<uint64_t> readable_bytes() override;
  IoResult<void> close() override;

 private:
  // The position; asks the host for the size first if the last write appended.
  IoResult<uint64_t> position();
  IoResult<uint64_t> size();

  // At once, or from what is shown; `ahead` bytes are worth showing.
  IoResult<uint64_t> read_large(const Scatter& to, uint64_t position, uint64_t ahead);

  bool moves_at_once() const;
  // Whether a transfer of that size goes by way of small_.
  bool is_small(uint64_t size) const;

  hostcall::OwnedHandle handle_;
  uint64_t position_ = 0;
  bool position_is_end_ = false;  // an append left the position at the end of the file, wherever that is
  uint64_t read_end_ = 0;         // where the last read of the position ended
  bool read_only_mount_;
  SmallTransfers& small_;
  SmallFile small_file_;
};

}  // namespace twine::fs

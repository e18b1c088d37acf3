// A regular file of the host.
//
// The position lives here, not at the host: seek and tell cost no host call (but from the end), and the host
// cannot lie about them. Contents, size and times are the host's word: whoever needs more uses a vault.
// Transfers larger than the arena are split; a short one ends the operation, with what was moved before it.
#pragma once

#include "enclave/fs/descriptor.h"
#include "enclave/hostcall/handle.h"

namespace twine::fs {

class HostFile final : public Descriptor {
 public:
  HostFile(hostcall::OwnedHandle handle, Fdflags flags, bool read_only_mount)
      : Descriptor(Filetype::regular_file, flags),
        handle_(std::move(handle)),
        read_only_mount_(read_only_mount) {}

  bool seekable() const override { return true; }
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
  IoResult<void> close() override { return handle_.close(); }

 private:
  // The position; asks the host for the size first if the last write appended.
  IoResult<uint64_t> position();
  IoResult<uint64_t> size();

  hostcall::OwnedHandle handle_;
  uint64_t position_ = 0;
  bool position_is_end_ = false;  // an append left the position at the end of the file, wherever that is
  bool read_only_mount_;
};

}  // namespace twine::fs

// A file of the host without a position: stdio, and the pipes and devices that a mounted directory may hold.
//
// The host sees everything that is written and invents everything that is read.
#pragma once

#include "enclave/fs/descriptor.h"
#include "enclave/hostcall/handle.h"

namespace twine::fs {

class HostStream final : public Descriptor {
 public:
  HostStream(hostcall::OwnedHandle handle, Filetype filetype, Fdflags flags)
      : Descriptor(filetype, flags), handle_(std::move(handle)) {}

  // One of the three that stand open at launch. Asks the host of what type it is, which decides whether the
  // program's library takes it for a terminal.
  static std::unique_ptr<HostStream> standard(hostcall::Handle handle);

  IoResult<uint64_t> read(const Scatter& to) override;
  IoResult<uint64_t> write(const Gather& from) override;
  IoResult<Filestat> stat() override;
  IoResult<void> sync(bool data_only) override;
  IoResult<void> set_times(const TimeUpdate& times) override;
  IoResult<void> set_flags(Fdflags flags) override;
  std::optional<uint32_t> pollable() const override { return handle_.get(); }
  IoResult<void> close() override { return handle_.close(); }

 private:
  hostcall::OwnedHandle handle_;
};

}  // namespace twine::fs

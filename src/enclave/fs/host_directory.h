// A directory of the host: a mount, or a directory beneath one.
//
// What is in it, and that a name leads to the same file twice, is the host's word. A read-only mount refuses
// changes here already; that the host refuses them too is for the host's own safety. The enclave guarantees
// nothing about paths (a host that wants to lie has no need of them); the checks here only let a guest's
// error end early.
#pragma once

#include "enclave/fs/descriptor.h"
#include "enclave/fs/small_transfers.h"
#include "enclave/hostcall/handle.h"

namespace twine::fs {

class HostDirectory final : public Directory {
 public:
  // Mount `index` of the launch manifest.
  // `small` serves the files in it and outlives them.
  static std::unique_ptr<HostDirectory> mount(uint32_t index, bool read_only, SmallTransfers& small);

  IoResult<Filestat> stat() override { return stat_at("", /*follow=*/false); }
  IoResult<void> sync(bool data_only) override;
  IoResult<void> set_times(const TimeUpdate& times) override {
    return set_times_at("", /*follow=*/false, times);
  }
  IoResult<void> set_flags(Fdflags flags) override;
  IoResult<void> close() override { return handle_.close(); }

  IoResult<std::unique_ptr<Descriptor>> open(std::string_view path, const OpenOptions& options) override;
  IoResult<Filestat> stat_at(std::string_view path, bool follow) override;
  IoResult<void> set_times_at(std::string_view path, bool follow, const TimeUpdate& times) override;
  IoResult<void> list(uint64_t cookie, EntrySink& sink) override;
  IoResult<void> create_directory(std::string_view path) override;
  IoResult<void> remove_directory(std::string_view path) override;
  IoResult<void> unlink(std::string_view path) override;
  IoResult<void> rename(std::string_view old_path, Directory& new_directory,
                        std::string_view new_path) override;
  IoResult<void> link(std::string_view old_path, bool follow, Directory& new_directory,
                      std::string_view new_path) override;
  IoResult<void> create_symlink(std::string_view contents, std::string_view path) override;
  IoResult<std::string> read_symlink(std::string_view path) override;
  const void* file_system() const override;

 private:
  HostDirectory(hostcall::OwnedHandle handle, Fdflags flags, bool read_only, SmallTransfers& small)
      : Directory(flags), handle_(std::move(handle)), read_only_(read_only), small_(small) {}

  // The host directory behind `directory`, if it is one: xdev otherwise.
  static IoResult<HostDirectory*> as_host_directory(Directory& directory);
  [[nodiscard]] IoResult<void> require_writable() const;

  hostcall::OwnedHandle handle_;
  bool read_only_;
  SmallTransfers& small_;
};

}  // namespace twine::fs

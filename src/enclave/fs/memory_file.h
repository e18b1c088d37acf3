// An open regular file of a file system in enclave memory (memory_tree.h).
#pragma once

#include "enclave/fs/memory_tree.h"

namespace twine::fs {

class MemoryFile final : public Descriptor {
 public:
  // The tree outlives its descriptors.
  MemoryFile(MemoryTree& tree, MemoryNode& node, Fdflags flags)
      : Descriptor(Filetype::regular_file, flags), tree_(tree), node_(node) {
    tree_.hold(node_);
  }
  ~MemoryFile() override { tree_.release(node_); }

  bool seekable() const override { return true; }
  bool settles_itself() const override { return true; }  // the host sees nothing of it
  IoResult<uint64_t> read(const Scatter& to) override;
  IoResult<uint64_t> write(const Gather& from) override;
  IoResult<uint64_t> read_at(const Scatter& to, uint64_t position) override;
  IoResult<uint64_t> write_at(const Gather& from, uint64_t position) override;
  IoResult<uint64_t> seek(int64_t delta, wasi::Whence whence) override;
  IoResult<Filestat> stat() override { return tree_.stat(node_); }
  IoResult<void> set_size(uint64_t size) override;
  IoResult<void> allocate(uint64_t position, uint64_t length) override;
  IoResult<void> advise(uint64_t position, uint64_t length, wasi::Advice advice) override;
  IoResult<void> sync(bool /*data_only*/) override { return {}; }
  IoResult<void> set_times(const TimeUpdate& times) override;
  IoResult<void> set_flags(Fdflags flags) override;
  IoResult<uint64_t> readable_bytes() override;

 private:
  MemoryTree& tree_;
  MemoryNode& node_;
  uint64_t position_ = 0;
};

}  // namespace twine::fs

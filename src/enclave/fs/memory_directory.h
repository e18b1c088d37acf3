// An open directory of a file system in enclave memory (memory_tree.h). Where several errors apply, Linux's choice is taken.
#pragma once

#include <memory>

#include "enclave/fs/memory_tree.h"

namespace twine::fs {

class MemoryDirectory final : public Directory {
 public:
  // The tree outlives its descriptors.
  MemoryDirectory(MemoryTree& tree, MemoryNode& node, Fdflags flags)
      : Directory(flags), tree_(tree), node_(node) {
    tree_.hold(node_);
  }
  ~MemoryDirectory() override { tree_.release(node_); }

  IoResult<Filestat> stat() override { return tree_.stat(node_); }
  IoResult<void> sync(bool /*data_only*/) override { return {}; }
  IoResult<void> set_times(const TimeUpdate& times) override;
  IoResult<void> set_flags(Fdflags flags) override;

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
  const void* file_system() const override { return &tree_; }

 private:
  // A path to something that is there. Errors: those of MemoryTree::resolve; noent.
  IoResult<MemoryPath> find(std::string_view path, LastLink last);
  // A path to a name that is free. Errors: those of MemoryTree::resolve; exist.
  IoResult<MemoryPath> find_free(std::string_view path);
  // The directory behind `directory` if it belongs to this tree: xdev otherwise.
  IoResult<MemoryDirectory*> same_file_system(Directory& directory) const;

  MemoryTree& tree_;
  MemoryNode& node_;
};

}  // namespace twine::fs

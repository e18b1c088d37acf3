// The nodes of a file system in enclave memory: what `--tmp` mounts. Nothing of it is seen by the host, nothing outlives the launch.
//
// Bounded: nodes, names, file blocks and the tables that find them are charged against the limit that the launch manifest gives;
// beyond it operations answer nospc. A file is sparse: blocks that were never written read as zeroes and cost nothing.
//
// Times are the host's realtime clock, and asking it leaves the enclave. So a change only marks its node, and the clock is asked when
// somebody looks (stat) or the last descriptor of a file is closed: mtime and ctime are never before the change, and may be as late as
// that. Reading does not move atime (noatime).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "enclave/fs/descriptor.h"

namespace twine::fs {

struct MemoryNode;

// A name in a directory. Cookies ascend in the order in which names were made, and are not used twice, so a listing that is continued
// after changes misses nothing that was there all the while and repeats nothing.
struct MemoryName {
  std::string name;
  MemoryNode* node;
  uint64_t cookie;
};

struct MemoryNode {
  static constexpr uint64_t kBlockSize = 4096;
  using Block = std::array<std::byte, kBlockSize>;

  Filetype type;
  uint64_t inode;
  size_t slot = 0;       // in MemoryTree::nodes_
  uint64_t names = 0;    // that lead here; of a directory 1, or 0 when it was removed
  uint64_t holders = 0;  // descriptors
  wasi::Timestamp atim = 0;
  wasi::Timestamp mtim = 0;
  wasi::Timestamp ctim = 0;
  bool fresh = true;     // made, and atim not told yet
  bool modified = true;  // and mtim not told yet
  bool changed = true;   // and ctim not told yet

  // Type regular_file:
  uint64_t size = 0;
  std::vector<std::unique_ptr<Block>> blocks{};  // as far as any was written

  // Type symbolic_link:
  std::string target{};

  // Type directory:
  MemoryNode* parent = nullptr;       // of the root: itself
  std::vector<MemoryName> entries{};  // in the order of their names
  uint64_t next_cookie = 3;           // 1 is `.`, 2 is `..`

  [[nodiscard]] bool is(Filetype other) const { return type == other; }
  [[nodiscard]] MemoryNode* find(std::string_view name) const;
};

// Where a path leads.
struct MemoryPath {
  MemoryNode* parent = nullptr;  // the directory of the last component
  std::string name;  // the last component; empty: the path ends in `.` or `..`, and `node` is that directory
  MemoryNode* node = nullptr;      // null: no such name
  bool must_be_directory = false;  // a slash stands at the end
};

// What becomes of a symbolic link in the last component, as in Linux.
enum class LastLink : uint8_t {
  keep,                  // names are made, moved and removed: it is the link itself
  follow_before_slash,   // things are looked at: the link itself, unless a slash stands behind it
  follow_without_slash,  // files are made: what it leads to, unless a slash stands behind it
  follow,
};

class MemoryTree {
 public:
  // `limit` in bytes; `device` is what stat tells file systems apart by.
  MemoryTree(uint64_t limit, uint64_t device);
  MemoryTree(const MemoryTree&) = delete;
  MemoryTree& operator=(const MemoryTree&) = delete;
  ~MemoryTree();

  [[nodiscard]] MemoryNode& root() { return *root_; }
  [[nodiscard]] uint64_t used() const { return used_; }

  // Follows `path` from `start`, beneath which it must stay. Errors: noent, notdir, loop, nametoolong, perm (leads out of `start`).
  IoResult<MemoryPath> resolve(MemoryNode& start, std::string_view path, LastLink last);

  // A node under `at.name` in `at.parent`, where there is none. Errors: nospc; noent (the directory was removed).
  IoResult<MemoryNode*> create(const MemoryPath& at, Filetype type);
  // One more name for a node that is no directory.
  IoResult<void> link(MemoryNode& node, const MemoryPath& at);
  void unlink(const MemoryPath& at);
  // Moves the name `from`, in place of what `to` names, if anything. Both are known to fit.
  IoResult<void> move(const MemoryPath& from, const MemoryPath& to);
  IoResult<void> set_target(MemoryNode& symlink, std::string_view contents);

  // Contents of regular files.
  void read(const MemoryNode& file, uint64_t position, std::span<std::byte> to) const;
  // How much of `from` found room. Errors: nospc when it is nothing.
  IoResult<uint64_t> write(MemoryNode& file, uint64_t position, std::span<const std::byte> from);
  void resize(MemoryNode& file, uint64_t size);
  // Gives [position, position + length) memory. Errors: nospc.
  IoResult<void> reserve(MemoryNode& file, uint64_t position, uint64_t length);

  // Descriptors hold nodes: a file without a name lives as long as one does.
  void hold(MemoryNode& node) { ++node.holders; }
  void release(MemoryNode& node);

  // Brings times up to date, then tells them.
  Filestat stat(MemoryNode& node);
  void set_times(MemoryNode& node, const TimeUpdate& times);

 private:
  [[nodiscard]] bool charge(uint64_t bytes);
  void refund(uint64_t bytes) { used_ -= bytes; }
  [[nodiscard]] MemoryNode* make_node(Filetype type);
  void drop_if_unused(MemoryNode& node);
  IoResult<void> add_name(MemoryNode& directory, std::string_view name, MemoryNode& node);
  void remove_name(MemoryNode& directory, std::string_view name);
  // Makes room for block `index` in the table, and the block. False: the limit is reached.
  [[nodiscard]] bool provide_block(MemoryNode& file, uint64_t index);
  void settle_times(MemoryNode& node);

  const uint64_t limit_;
  const uint64_t device_;
  uint64_t used_ = 0;
  uint64_t last_inode_ = 0;
  wasi::Timestamp last_time_ = 0;
  std::vector<std::unique_ptr<MemoryNode>> nodes_;  // all, so that a deep tree is not torn down by recursion
  MemoryNode* root_ = nullptr;
};

}  // namespace twine::fs

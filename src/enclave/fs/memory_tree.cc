#include "enclave/fs/memory_tree.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "common/hostcall.h"
#include "common/result.h"
#include "enclave/hostcall/clocks.h"

namespace twine::fs {

namespace {

constexpr uint64_t kNodeCost = sizeof(MemoryNode) + 64;  // and what the heap and the list of nodes add
constexpr uint64_t kNameCost = sizeof(MemoryName) + 32;
constexpr size_t kMaxName = 255;
constexpr int kMaxSymlinks = 40;  // as Linux
constexpr uint64_t kBlock = MemoryNode::kBlockSize;

auto by_name(std::vector<MemoryName>& entries, std::string_view name) {
  return std::lower_bound(
      entries.begin(), entries.end(), name,
      [](const MemoryName& entry, std::string_view wanted) { return entry.name < wanted; });
}

uint64_t blocks_of(uint64_t size) {
  return size / kBlock + (size % kBlock != 0 ? 1 : 0);
}

// Takes the next component off `rest`, and the slashes behind it.
std::string_view take_component(std::string_view& rest) {
  const size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view component = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.find_first_not_of('/', end), rest.size()));
  return component;
}

}  // namespace

MemoryNode* MemoryNode::find(std::string_view name) const {
  const auto entry =
      std::lower_bound(entries.begin(), entries.end(), name,
                       [](const MemoryName& each, std::string_view wanted) { return each.name < wanted; });
  return entry != entries.end() && entry->name == name ? entry->node : nullptr;
}

MemoryTree::MemoryTree(uint64_t limit, uint64_t device) : limit_(limit), device_(device) {
  // The root is not charged: an empty file system of any limit exists.
  root_ = nodes_.emplace_back(new MemoryNode{.type = Filetype::directory, .inode = ++last_inode_}).get();
  root_->parent = root_;
  root_->names = 1;
}

MemoryTree::~MemoryTree() = default;

bool MemoryTree::charge(uint64_t bytes) {
  if (bytes > limit_ - used_) return false;
  used_ += bytes;
  return true;
}

// --- Paths ----------------------------------------------------------------------------------------------------------

IoResult<MemoryPath> MemoryTree::resolve(MemoryNode& start, std::string_view path, LastLink last) {
  std::string text(path);
  std::string_view rest = text;
  int links = 0;
  MemoryPath at{.parent = &start, .name = {}, .node = &start};
  while (!rest.empty()) {
    // What was found so far is in the middle of the path.
    if (at.node == nullptr) return std::unexpected(Errno::noent);
    if (!at.node->is(Filetype::directory)) return std::unexpected(Errno::notdir);
    MemoryNode& directory = *at.node;
    const bool slash_follows = rest.find('/') != rest.npos;
    const std::string_view component = take_component(rest);
    if (component.size() > kMaxName) return std::unexpected(Errno::nametoolong);
    if (component == ".") {
      at = {.parent = &directory, .name = {}, .node = &directory};
      continue;
    }
    if (component == "..") {
      if (&directory == &start) return std::unexpected(Errno::perm);
      at = {.parent = directory.parent, .name = {}, .node = directory.parent};
      continue;
    }
    at = {.parent = &directory, .name = std::string(component), .node = directory.find(component)};
    at.must_be_directory = rest.empty() && slash_follows;
    const bool is_link = at.node != nullptr && at.node->is(Filetype::symbolic_link);
    const bool follows_last = last == LastLink::follow ||
                              (last == LastLink::follow_before_slash && slash_follows) ||
                              (last == LastLink::follow_without_slash && !slash_follows);
    if (!is_link || (rest.empty() && !follows_last)) continue;
    if (++links > kMaxSymlinks) return std::unexpected(Errno::loop);
    // The link's contents take its place, from the directory it lies in.
    std::string replaced = at.node->target;
    if (slash_follows) replaced += '/';
    replaced += rest;
    text = std::move(replaced);
    rest = text;
    at = {.parent = &directory, .name = {}, .node = &directory};
  }
  return at;
}

// --- Names ----------------------------------------------------------------------------------------------------------

IoResult<void> MemoryTree::add_name(MemoryNode& directory, std::string_view name, MemoryNode& node) {
  // A directory that was removed takes no more names.
  if (directory.names == 0) return std::unexpected(Errno::noent);
  if (!charge(kNameCost + name.size())) return std::unexpected(Errno::nospc);
  directory.entries.insert(by_name(directory.entries, name),
                           {.name = std::string(name), .node = &node, .cookie = directory.next_cookie++});
  directory.modified = directory.changed = true;
  ++node.names;
  node.changed = true;
  if (node.is(Filetype::directory)) node.parent = &directory;
  return {};
}

void MemoryTree::remove_name(MemoryNode& directory, std::string_view name) {
  const auto entry = by_name(directory.entries, name);
  MemoryNode& node = *entry->node;
  directory.entries.erase(entry);
  refund(kNameCost + name.size());
  directory.modified = directory.changed = true;
  --node.names;
  node.changed = true;
  drop_if_unused(node);
}

MemoryNode* MemoryTree::make_node(Filetype type) {
  if (!charge(kNodeCost)) return nullptr;
  auto* const node =
      new (std::nothrow) MemoryNode{.type = type, .inode = ++last_inode_, .slot = nodes_.size()};
  if (node == nullptr) {
    refund(kNodeCost);
    return nullptr;
  }
  nodes_.emplace_back(node);
  return node;
}

void MemoryTree::drop_if_unused(MemoryNode& node) {
  if (node.names != 0) return;
  // Its parent may go before it.
  if (node.is(Filetype::directory)) node.parent = &node;
  if (node.holders != 0) return;
  resize(node, 0);
  refund(kNodeCost + node.target.size());
  const size_t slot = node.slot;
  std::swap(nodes_[slot], nodes_.back());
  nodes_[slot]->slot = slot;
  nodes_.pop_back();
}

IoResult<MemoryNode*> MemoryTree::create(const MemoryPath& at, Filetype type) {
  MemoryNode* const node = make_node(type);
  if (node == nullptr) return std::unexpected(Errno::nospc);
  if (const auto added = add_name(*at.parent, at.name, *node); !added) {
    drop_if_unused(*node);
    return std::unexpected(added.error());
  }
  return node;
}

IoResult<void> MemoryTree::link(MemoryNode& node, const MemoryPath& at) {
  return add_name(*at.parent, at.name, node);
}

void MemoryTree::unlink(const MemoryPath& at) {
  remove_name(*at.parent, at.name);
}

IoResult<void> MemoryTree::move(const MemoryPath& from, const MemoryPath& to) {
  MemoryNode& node = *from.node;
  hold(node);
  // The new name first, so that a full file system loses nothing; what it replaces gives its room.
  IoResult<void> added;
  if (to.node != nullptr) {
    const auto entry = by_name(to.parent->entries, to.name);
    MemoryNode& replaced = *entry->node;
    entry->node = &node;
    ++node.names;
    if (node.is(Filetype::directory)) node.parent = to.parent;
    to.parent->modified = to.parent->changed = true;
    --replaced.names;
    replaced.changed = true;
    drop_if_unused(replaced);
  } else {
    added = add_name(*to.parent, to.name, node);
  }
  if (added) remove_name(*from.parent, from.name);
  release(node);
  return added;
}

IoResult<void> MemoryTree::set_target(MemoryNode& symlink, std::string_view contents) {
  if (!charge(contents.size())) return std::unexpected(Errno::nospc);
  symlink.target = contents;
  return {};
}

void MemoryTree::release(MemoryNode& node) {
  if (--node.holders == 0) settle_times(node);
  drop_if_unused(node);
}

// --- Contents -------------------------------------------------------------------------------------------------------

void MemoryTree::read(const MemoryNode& file, uint64_t position, std::span<std::byte> to) const {
  while (!to.empty()) {
    const uint64_t index = position / kBlock;
    const uint64_t offset = position % kBlock;
    const uint64_t count = std::min<uint64_t>(to.size(), kBlock - offset);
    if (index < file.blocks.size() && file.blocks[index] != nullptr) {
      std::memcpy(to.data(), file.blocks[index]->data() + offset, count);
    } else {
      std::memset(to.data(), 0, count);
    }
    to = to.subspan(count);
    position += count;
  }
}

bool MemoryTree::provide_block(MemoryNode& file, uint64_t index) {
  if (index >= file.blocks.size()) {
    const uint64_t more = index + 1 - file.blocks.size();
    if (more > limit_ / sizeof(void*) || !charge(more * sizeof(void*))) return false;
    file.blocks.resize(index + 1);
  }
  if (file.blocks[index] != nullptr) return true;
  if (!charge(kBlock)) return false;
  file.blocks[index].reset(new (std::nothrow) MemoryNode::Block{});
  if (file.blocks[index] != nullptr) return true;
  refund(kBlock);
  return false;
}

IoResult<uint64_t> MemoryTree::write(MemoryNode& file, uint64_t position, std::span<const std::byte> from) {
  uint64_t done = 0;
  while (done < from.size()) {
    const uint64_t at = position + done;
    if (!provide_block(file, at / kBlock)) break;
    const uint64_t count = std::min<uint64_t>(from.size() - done, kBlock - at % kBlock);
    std::memcpy(file.blocks[at / kBlock]->data() + at % kBlock, from.data() + done, count);
    done += count;
  }
  if (done == 0 && !from.empty()) return std::unexpected(Errno::nospc);
  if (done != 0) {
    file.size = std::max(file.size, position + done);
    file.modified = file.changed = true;
  }
  return done;
}

void MemoryTree::resize(MemoryNode& file, uint64_t size) {
  if (size < file.size) {
    const uint64_t kept = blocks_of(size);
    uint64_t freed = 0;
    for (uint64_t i = kept; i < file.blocks.size(); ++i) {
      freed += sizeof(void*) + (file.blocks[i] != nullptr ? kBlock : 0);
    }
    if (kept < file.blocks.size()) {
      file.blocks.resize(kept);
      file.blocks.shrink_to_fit();
      refund(freed);
    }
    // What grows again shall read as zeroes.
    if (size % kBlock != 0 && kept <= file.blocks.size() && file.blocks[kept - 1] != nullptr) {
      std::memset(file.blocks[kept - 1]->data() + size % kBlock, 0, kBlock - size % kBlock);
    }
  }
  file.size = size;
  file.modified = file.changed = true;
}

IoResult<void> MemoryTree::reserve(MemoryNode& file, uint64_t position, uint64_t length) {
  for (uint64_t index = position / kBlock; index <= (position + length - 1) / kBlock; ++index) {
    if (!provide_block(file, index)) return std::unexpected(Errno::nospc);
  }
  if (position + length > file.size) resize(file, position + length);
  return {};
}

// --- Times ----------------------------------------------------------------------------------------------------------

void MemoryTree::settle_times(MemoryNode& node) {
  if (!node.fresh && !node.modified && !node.changed) return;
  // A clock that fails leaves the last time that was told.
  last_time_ = hostcall::read_clock(wasi::Clock::realtime).value_or(last_time_);
  if (node.fresh) node.atim = last_time_;
  if (node.modified) node.mtim = last_time_;
  if (node.changed) node.ctim = last_time_;
  node.fresh = node.modified = node.changed = false;
}

Filestat MemoryTree::stat(MemoryNode& node) {
  settle_times(node);
  Filestat stat{};
  stat.dev = device_;
  stat.ino = node.inode;
  stat.filetype = node.type;
  stat.nlink = node.is(Filetype::directory) ? (node.names == 0 ? 0 : 2) : node.names;
  stat.size = node.is(Filetype::regular_file)    ? node.size
              : node.is(Filetype::symbolic_link) ? node.target.size()
                                                 : node.entries.size();
  stat.atim = node.atim;
  stat.mtim = node.mtim;
  stat.ctim = node.ctim;
  return stat;
}

void MemoryTree::set_times(MemoryNode& node, const TimeUpdate& times) {
  namespace flags = wasi::fstflags;
  if ((times.fstflags & flags::all) == 0) return;
  node.fresh = node.fresh || (times.fstflags & flags::atim_now) != 0;
  node.modified = node.modified || (times.fstflags & flags::mtim_now) != 0;
  node.changed = true;
  settle_times(node);
  if ((times.fstflags & flags::atim) != 0) node.atim = times.atim;
  if ((times.fstflags & flags::mtim) != 0) node.mtim = times.mtim;
}

}  // namespace twine::fs

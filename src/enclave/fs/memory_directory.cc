#include "enclave/fs/memory_directory.h"

#include <algorithm>
#include <vector>

#include "common/result.h"
#include "enclave/fs/memory_file.h"

namespace twine::fs {

namespace {

constexpr uint64_t kSelfCookie = 1;
constexpr uint64_t kParentCookie = 2;

LastLink looking(bool follow) {
  return follow ? LastLink::follow : LastLink::follow_before_slash;
}

LastLink opening(const OpenOptions& options) {
  if ((options.oflags & wasi::oflags::creat) == 0) return looking(options.follow);
  const bool exclusive = (options.oflags & wasi::oflags::excl) != 0;
  return options.follow && !exclusive ? LastLink::follow_without_slash : LastLink::keep;
}

// Whether the last component of `path` is `..`.
bool ends_in_parent(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path == ".." || path.ends_with("/..");
}

// Whether `node` is `ancestor` or lies beneath it.
bool lies_in(const MemoryNode& node, const MemoryNode& ancestor) {
  for (const MemoryNode* each = &node;; each = each->parent) {
    if (each == &ancestor) return true;
    if (each == each->parent) return false;
  }
}

// Whether rename may put `from` where `to` leads.
IoResult<void> check_replacement(const MemoryPath& from, const MemoryPath& to) {
  const bool moves_directory = from.node->is(Filetype::directory);
  if (moves_directory && lies_in(*to.parent, *from.node)) return std::unexpected(Errno::inval);
  if (to.node == nullptr) return {};
  // A directory that holds the other one is not empty.
  if (lies_in(*from.parent, *to.node)) return std::unexpected(Errno::notempty);
  const bool onto_directory = to.node->is(Filetype::directory);
  if (moves_directory && !onto_directory) return std::unexpected(Errno::notdir);
  if (!moves_directory && onto_directory) return std::unexpected(Errno::isdir);
  if (onto_directory && !to.node->entries.empty()) return std::unexpected(Errno::notempty);
  return {};
}

}  // namespace

IoResult<MemoryPath> MemoryDirectory::find(std::string_view path, LastLink last) {
  MemoryPath at = TWINE_TRY(tree_.resolve(node_, path, last));
  if (at.node == nullptr) return std::unexpected(Errno::noent);
  if (at.must_be_directory && !at.node->is(Filetype::directory)) return std::unexpected(Errno::notdir);
  return at;
}

IoResult<MemoryPath> MemoryDirectory::find_free(std::string_view path) {
  MemoryPath at = TWINE_TRY(tree_.resolve(node_, path, LastLink::keep));
  if (at.node != nullptr) return std::unexpected(Errno::exist);
  return at;
}

IoResult<MemoryDirectory*> MemoryDirectory::same_file_system(Directory& directory) const {
  if (directory.file_system() != &tree_) return std::unexpected(Errno::xdev);
  return static_cast<MemoryDirectory*>(&directory);
}

IoResult<std::unique_ptr<Descriptor>> MemoryDirectory::open(std::string_view path,
                                                            const OpenOptions& options) {
  const bool creates = (options.oflags & wasi::oflags::creat) != 0;
  const bool exclusive = creates && (options.oflags & wasi::oflags::excl) != 0;
  const bool truncates = (options.oflags & wasi::oflags::trunc) != 0;
  const bool wants_directory = (options.oflags & wasi::oflags::directory) != 0;
  if (creates && wants_directory) return std::unexpected(Errno::inval);
  const MemoryPath at = TWINE_TRY(tree_.resolve(node_, path, opening(options)));
  // Only a directory can stand before a slash, and open makes none.
  if (creates && at.must_be_directory) return std::unexpected(Errno::isdir);
  if (at.node == nullptr) {
    if (!creates) return std::unexpected(Errno::noent);
    MemoryNode* const made = TWINE_TRY(tree_.create(at, Filetype::regular_file));
    return std::make_unique<MemoryFile>(tree_, *made, options.fdflags);
  }
  if (exclusive) return std::unexpected(Errno::exist);
  MemoryNode& node = *at.node;
  if (node.is(Filetype::symbolic_link)) return std::unexpected(wants_directory ? Errno::notdir : Errno::loop);
  if (node.is(Filetype::directory)) {
    if (creates || truncates || options.write) return std::unexpected(Errno::isdir);
    return std::make_unique<MemoryDirectory>(tree_, node, options.fdflags);
  }
  if (wants_directory || at.must_be_directory) return std::unexpected(Errno::notdir);
  if (truncates) tree_.resize(node, 0);
  return std::make_unique<MemoryFile>(tree_, node, options.fdflags);
}

IoResult<Filestat> MemoryDirectory::stat_at(std::string_view path, bool follow) {
  const MemoryPath at = TWINE_TRY(find(path, looking(follow)));
  return tree_.stat(*at.node);
}

IoResult<void> MemoryDirectory::set_times(const TimeUpdate& times) {
  tree_.set_times(node_, times);
  return {};
}

IoResult<void> MemoryDirectory::set_times_at(std::string_view path, bool follow, const TimeUpdate& times) {
  const MemoryPath at = TWINE_TRY(find(path, looking(follow)));
  tree_.set_times(*at.node, times);
  return {};
}

IoResult<void> MemoryDirectory::set_flags(Fdflags flags) {
  remember_flags(flags);
  return {};
}

IoResult<void> MemoryDirectory::list(uint64_t cookie, EntrySink& sink) {
  if (node_.names == 0) return {};  // removed
  const auto tell = [&sink](uint64_t next, const MemoryNode& node, std::string_view name) {
    return sink.accept({.next_cookie = next, .inode = node.inode, .filetype = node.type, .name = name});
  };
  if (cookie < kSelfCookie && !tell(kSelfCookie, node_, ".")) return {};
  if (cookie < kParentCookie && !tell(kParentCookie, *node_.parent, "..")) return {};
  std::vector<const MemoryName*> rest;
  for (const MemoryName& entry : node_.entries) {
    if (entry.cookie > cookie) rest.push_back(&entry);
  }
  std::sort(rest.begin(), rest.end(),
            [](const MemoryName* a, const MemoryName* b) { return a->cookie < b->cookie; });
  for (const MemoryName* const entry : rest) {
    if (!tell(entry->cookie, *entry->node, entry->name)) return {};
  }
  return {};
}

IoResult<void> MemoryDirectory::create_directory(std::string_view path) {
  const MemoryPath at = TWINE_TRY(find_free(path));
  TWINE_TRY(tree_.create(at, Filetype::directory));
  return {};
}

IoResult<void> MemoryDirectory::remove_directory(std::string_view path) {
  const MemoryPath at = TWINE_TRY(find(path, LastLink::keep));
  if (at.name.empty()) return std::unexpected(ends_in_parent(path) ? Errno::notempty : Errno::inval);
  if (!at.node->is(Filetype::directory)) return std::unexpected(Errno::notdir);
  if (!at.node->entries.empty()) return std::unexpected(Errno::notempty);
  tree_.unlink(at);
  return {};
}

IoResult<void> MemoryDirectory::unlink(std::string_view path) {
  const MemoryPath at = TWINE_TRY(find(path, LastLink::keep));
  if (at.node->is(Filetype::directory)) return std::unexpected(Errno::isdir);
  tree_.unlink(at);
  return {};
}

IoResult<void> MemoryDirectory::rename(std::string_view old_path, Directory& new_directory,
                                       std::string_view new_path) {
  MemoryDirectory* const target = TWINE_TRY(same_file_system(new_directory));
  // Both ways are gone before either name is looked for.
  const MemoryPath from = TWINE_TRY(tree_.resolve(node_, old_path, LastLink::keep));
  const MemoryPath to = TWINE_TRY(tree_.resolve(target->node_, new_path, LastLink::keep));
  // `.` and `..` have no name that could move.
  if (from.name.empty() || to.name.empty()) return std::unexpected(Errno::busy);
  if (from.node == nullptr) return std::unexpected(Errno::noent);
  if ((from.must_be_directory || to.must_be_directory) && !from.node->is(Filetype::directory))
    return std::unexpected(Errno::notdir);
  if (from.node == to.node) return {};
  TWINE_TRY(check_replacement(from, to));
  return tree_.move(from, to);
}

IoResult<void> MemoryDirectory::link(std::string_view old_path, bool follow, Directory& new_directory,
                                     std::string_view new_path) {
  MemoryDirectory* const target = TWINE_TRY(same_file_system(new_directory));
  // As in rename.
  const MemoryPath from = TWINE_TRY(tree_.resolve(node_, old_path, looking(follow)));
  const MemoryPath to = TWINE_TRY(tree_.resolve(target->node_, new_path, LastLink::keep));
  if (from.node == nullptr) return std::unexpected(Errno::noent);
  if (from.must_be_directory && !from.node->is(Filetype::directory)) return std::unexpected(Errno::notdir);
  if (to.node != nullptr) return std::unexpected(Errno::exist);
  if (to.must_be_directory) return std::unexpected(Errno::noent);
  if (from.node->is(Filetype::directory)) return std::unexpected(Errno::perm);
  return tree_.link(*from.node, to);
}

IoResult<void> MemoryDirectory::create_symlink(std::string_view contents, std::string_view path) {
  const MemoryPath at = TWINE_TRY(find_free(path));
  if (at.must_be_directory) return std::unexpected(Errno::noent);
  MemoryNode* const made = TWINE_TRY(tree_.create(at, Filetype::symbolic_link));
  if (const auto held = tree_.set_target(*made, contents); !held) {
    tree_.unlink(at);
    return held;
  }
  return {};
}

IoResult<std::string> MemoryDirectory::read_symlink(std::string_view path) {
  const MemoryPath at = TWINE_TRY(find(path, LastLink::follow_before_slash));
  if (!at.node->is(Filetype::symbolic_link)) return std::unexpected(Errno::inval);
  return at.node->target;
}

}  // namespace twine::fs

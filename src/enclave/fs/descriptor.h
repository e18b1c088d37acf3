// What WASI's descriptors stand on: a Descriptor is an open file of any kind, a Directory one that holds
// names.
//
// A file system is a Directory that yields Descriptors: the host's directories (host_directory.h) today, the
// vault and memory later. An operation that a kind of file does not have answers as preview1 has it (the
// defaults below). Paths that reach a Directory have passed check_path (path.h). One thread uses a descriptor
// at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/wasi_types.h"
#include "enclave/hostcall/pieces.h"

namespace twine::net {
class Socket;
}

namespace twine::fs {

using hostcall::Gather;
using hostcall::Scatter;
using wasi::Errno;
using wasi::Fdflags;
using wasi::Filestat;
using wasi::Filetype;
using wasi::IoResult;

struct OpenOptions {
  wasi::Oflags oflags = 0;
  Fdflags fdflags = 0;
  bool read = false;
  bool write = false;
  bool follow = false;  // a symbolic link in the last component
};

struct TimeUpdate {
  wasi::Timestamp atim = 0;
  wasi::Timestamp mtim = 0;
  wasi::Fstflags fstflags = 0;  // which of them, or the present time; never both for one
};

class Directory;

class Descriptor {
 public:
  virtual ~Descriptor() = default;

  [[nodiscard]] Filetype filetype() const { return filetype_; }
  [[nodiscard]] Fdflags flags() const { return flags_; }
  // Has a position: a regular file.
  [[nodiscard]] virtual bool seekable() const { return false; }
  [[nodiscard]] virtual Directory* as_directory() { return nullptr; }
  // Its reads and writes settle themselves what small_transfers.h holds back, where they need to; for others that happens before.
  [[nodiscard]] virtual bool settles_itself() const { return false; }
  [[nodiscard]] virtual net::Socket* as_socket() { return nullptr; }

  // At the position, which they move; at the end for a file with fdflags::append. What was moved may be less
  // than asked for; 0 read is the end of the file.
  virtual IoResult<uint64_t> read(const Scatter& /*to*/) { return std::unexpected(Errno::badf); }
  virtual IoResult<uint64_t> write(const Gather& /*from*/) { return std::unexpected(Errno::badf); }
  // At `position`; the descriptor's own position stays.
  virtual IoResult<uint64_t> read_at(const Scatter& /*to*/, uint64_t /*position*/) { return no_position(); }
  virtual IoResult<uint64_t> write_at(const Gather& /*from*/, uint64_t /*position*/) { return no_position(); }
  // The new position.
  virtual IoResult<uint64_t> seek(int64_t /*delta*/, wasi::Whence /*whence*/) { return no_position(); }

  virtual IoResult<Filestat> stat() = 0;
  virtual IoResult<void> set_size(uint64_t /*size*/) { return std::unexpected(Errno::inval); }
  virtual IoResult<void> allocate(uint64_t /*position*/, uint64_t /*length*/) { return no_position(); }
  virtual IoResult<void> advise(uint64_t /*position*/, uint64_t /*length*/, wasi::Advice /*advice*/) {
    return no_position();
  }
  virtual IoResult<void> sync(bool /*data_only*/) { return std::unexpected(Errno::inval); }
  virtual IoResult<void> set_times(const TimeUpdate& /*times*/) { return std::unexpected(Errno::badf); }
  // append and nonblock can change; the caller has refused other changes.
  virtual IoResult<void> set_flags(Fdflags /*flags*/) { return std::unexpected(Errno::notsup); }

  // For poll_oneoff: the host handle to wait for; none if reads and writes never block.
  [[nodiscard]] virtual std::optional<uint32_t> pollable() const { return std::nullopt; }
  // For poll_oneoff on a file without a pollable: what a read would find.
  virtual IoResult<uint64_t> readable_bytes() { return 0; }

  // Gives the file back; the descriptor must only be destroyed afterwards.
  virtual IoResult<void> close() { return {}; }

 protected:
  Descriptor(Filetype filetype, Fdflags flags) : filetype_(filetype), flags_(flags) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void remember_flags(Fdflags flags) { flags_ = flags; }
  [[nodiscard]] std::unexpected<Errno> no_position() const {
    return std::unexpected(filetype_ == Filetype::directory ? Errno::badf : Errno::spipe);
  }

 private:
  Filetype filetype_;
  Fdflags flags_;
};

struct Entry {
  uint64_t next_cookie;  // where a listing continues after this entry
  uint64_t inode;
  Filetype filetype;
  std::string_view name;
};

// Receives a directory's entries.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  // False: no more entries, please.
  virtual bool accept(const Entry& entry) = 0;
};

class Directory : public Descriptor {
 public:
  Directory* as_directory() final { return this; }
  IoResult<uint64_t> read(const Scatter& /*to*/) final { return std::unexpected(Errno::isdir); }

  virtual IoResult<std::unique_ptr<Descriptor>> open(std::string_view path, const OpenOptions& options) = 0;
  virtual IoResult<Filestat> stat_at(std::string_view path, bool follow) = 0;
  virtual IoResult<void> set_times_at(std::string_view path, bool follow, const TimeUpdate& times) = 0;
  // From `cookie` (0: the start) until the sink is full or the directory ends.
  virtual IoResult<void> list(uint64_t cookie, EntrySink& sink) = 0;
  virtual IoResult<void> create_directory(std::string_view path) = 0;
  virtual IoResult<void> remove_directory(std::string_view path) = 0;
  virtual IoResult<void> unlink(std::string_view path) = 0;
  // To `new_path` in `new_directory`; xdev between file systems.
  virtual IoResult<void> rename(std::string_view old_path, Directory& new_directory,
                                std::string_view new_path) = 0;
  // A hard link at `new_path` in `new_directory` to this directory's `old_path`; `follow`: to what a symbolic link
  // there leads to.
  virtual IoResult<void> link(std::string_view old_path, bool follow, Directory& new_directory,
                              std::string_view new_path) = 0;
  virtual IoResult<void> create_symlink(std::string_view contents, std::string_view path) = 0;
  virtual IoResult<std::string> read_symlink(std::string_view path) = 0;

  // Which file system this is; directories of the same one may be cast to its class.
  [[nodiscard]] virtual const void* file_system() const = 0;

 protected:
  explicit Directory(Fdflags flags) : Descriptor(Filetype::directory, flags) {}
};

}  // namespace twine::fs

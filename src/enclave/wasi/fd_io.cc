// fd_*: what moves bytes or the position of a descriptor.

#include <algorithm>

#include "enclave/wasi/functions.h"
#include "enclave/wasi/iovecs.h"
#include "enclave/wasi/layout.h"

namespace twine::wasi {

namespace {

// Iovecs keeps the sum of a list's sizes within 32 bits.
Outcome<void> store_size(const Call& call, uint32_t address, uint64_t moved) {
  TWINE_TRY(call.memory.store(address, static_cast<uint32_t>(moved)));
  return {};
}

// Before bytes move through a descriptor.
void settle_for(const Call& call, const fs::Descriptor& descriptor) {
  if (!descriptor.settles_itself()) call.context.small_transfers.settle();
}

// Writes entries into guest memory as preview1 wants them: the last may be cut off, which tells the program
// that there was no more space.
class DirentWriter final : public fs::EntrySink {
 public:
  explicit DirentWriter(std::span<std::byte> buffer) : buffer_(buffer) {}

  bool accept(const fs::Entry& entry) override {
    const Dirent head{
        .d_next = entry.next_cookie,
        .d_ino = entry.inode,
        .d_namlen = static_cast<uint32_t>(entry.name.size()),
        .d_type = entry.filetype,
        .padding = {},
    };
    return put(std::as_bytes(std::span(&head, 1))) && put(hostcall::as_bytes(entry.name));
  }

  [[nodiscard]] size_t used() const { return used_; }

 private:
  // False once the buffer is full.
  bool put(std::span<const std::byte> bytes) {
    const size_t size = std::min(bytes.size(), buffer_.size() - used_);
    std::ranges::copy(bytes.first(size), buffer_.begin() + static_cast<ptrdiff_t>(used_));
    used_ += size;
    return size == bytes.size() && used_ < buffer_.size();
  }

  std::span<std::byte> buffer_;
  size_t used_ = 0;
};

}  // namespace

Outcome<void> fd_read(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint32_t nread) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_read));
  settle_for(call, *resource->descriptor);
  auto buffers = TWINE_TRY(Iovecs<std::byte>::load(call, iovs, iovs_len));
  return store_size(call, nread, TWINE_TRY(resource->descriptor->read(buffers.pieces())));
}

Outcome<void> fd_pread(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint64_t offset,
                       uint32_t nread) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_read));
  settle_for(call, *resource->descriptor);
  auto buffers = TWINE_TRY(Iovecs<std::byte>::load(call, iovs, iovs_len));
  return store_size(call, nread, TWINE_TRY(resource->descriptor->read_at(buffers.pieces(), offset)));
}

Outcome<void> fd_write(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint32_t nwritten) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_write));
  settle_for(call, *resource->descriptor);
  auto buffers = TWINE_TRY(Iovecs<const std::byte>::load(call, iovs, iovs_len));
  return store_size(call, nwritten, TWINE_TRY(resource->descriptor->write(buffers.pieces())));
}

Outcome<void> fd_pwrite(Call& call, uint32_t fd, uint32_t iovs, uint32_t iovs_len, uint64_t offset,
                        uint32_t nwritten) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd, rights::fd_write));
  settle_for(call, *resource->descriptor);
  auto buffers = TWINE_TRY(Iovecs<const std::byte>::load(call, iovs, iovs_len));
  return store_size(call, nwritten, TWINE_TRY(resource->descriptor->write_at(buffers.pieces(), offset)));
}

Outcome<void> fd_seek(Call& call, uint32_t fd, uint64_t offset, uint32_t whence, uint32_t newoffset) {
  if (whence > static_cast<uint32_t>(Whence::end)) return std::unexpected(Errno::inval);
  // A stream has no position at all, which is what the program should be told rather than that it may not
  // seek.
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  if (resource->descriptor->seekable()) TWINE_TRY(call.context.resources.find(fd, rights::fd_seek));
  const uint64_t position =
      TWINE_TRY(resource->descriptor->seek(static_cast<int64_t>(offset), static_cast<Whence>(whence)));
  TWINE_TRY(call.memory.store(newoffset, position));
  return {};
}

Outcome<void> fd_tell(Call& call, uint32_t fd, uint32_t offset) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  if (resource->descriptor->seekable()) TWINE_TRY(call.context.resources.find(fd, rights::fd_tell));
  const uint64_t position = TWINE_TRY(resource->descriptor->seek(0, Whence::cur));
  TWINE_TRY(call.memory.store(offset, position));
  return {};
}

Outcome<void> fd_readdir(Call& call, uint32_t fd, uint32_t buf, uint32_t buf_len, uint64_t cookie,
                         uint32_t bufused) {
  const Resource* resource = TWINE_TRY(call.context.resources.find(fd));
  fs::Directory* directory = resource->descriptor->as_directory();
  if (directory == nullptr) return std::unexpected(Errno::notdir);
  TWINE_TRY(call.context.resources.find(fd, rights::fd_readdir));
  DirentWriter writer(TWINE_TRY(call.memory.bytes(buf, buf_len)));
  TWINE_TRY(directory->list(cookie, writer));
  return store_size(call, bufused, writer.used());
}

}  // namespace twine::wasi

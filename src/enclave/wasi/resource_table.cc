#include "enclave/wasi/resource_table.h"

#include <utility>

#include "common/result.h"

namespace twine::wasi {

IoResult<uint32_t> ResourceTable::insert(Resource resource) {
  uint32_t fd = 0;
  while (fd < resources_.size() && resources_[fd].descriptor != nullptr) ++fd;
  if (fd == kMaxDescriptors) return std::unexpected(Errno::mfile);
  if (fd == resources_.size()) {
    resources_.push_back(std::move(resource));
  } else {
    resources_[fd] = std::move(resource);
  }
  return fd;
}

IoResult<Resource*> ResourceTable::find(uint32_t fd) {
  if (fd >= resources_.size() || resources_[fd].descriptor == nullptr) return std::unexpected(Errno::badf);
  return &resources_[fd];
}

IoResult<Resource*> ResourceTable::find(uint32_t fd, Rights needed) {
  Resource* resource = TWINE_TRY(find(fd));
  const Rights missing = needed & ~resource->rights;
  if (missing == 0) return resource;
  if ((missing & (rights::fd_read | rights::fd_write)) != 0) {
    return std::unexpected(resource->descriptor->as_directory() != nullptr ? Errno::isdir : Errno::badf);
  }
  return std::unexpected(Errno::notcapable);
}

IoResult<Resource> ResourceTable::remove(uint32_t fd) {
  Resource* resource = TWINE_TRY(find(fd));
  return std::exchange(*resource, Resource{});
}

IoResult<Resource> ResourceTable::renumber(uint32_t from, uint32_t to) {
  Resource* source = TWINE_TRY(find(from));
  Resource* target = TWINE_TRY(find(to));
  if (source == target) return Resource{};
  return std::exchange(*target, std::exchange(*source, Resource{}));
}

}  // namespace twine::wasi

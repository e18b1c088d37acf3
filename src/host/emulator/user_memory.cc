#include "host/emulator/user_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>

namespace twine::host::emulator {
namespace {

int scratch_file() {
  static const int file = memfd_create("sgx_user_memory", MFD_CLOEXEC);
  return file;
}

// Each thread has a page of the file.
off_t scratch_offset() {
  constexpr off_t kPage = 4096;
  return kPage * gettid();
}

bool through_file(void* destination, const void* source, size_t size) {
  const int file = scratch_file();
  const off_t offset = scratch_offset();
  const auto bytes = static_cast<ssize_t>(size);
  return pwrite(file, source, size, offset) == bytes && pread(file, destination, size, offset) == bytes;
}

}  // namespace

bool copy_from_user(void* destination, uint64_t source, size_t size) {
  return through_file(destination, std::bit_cast<const void*>(source), size);
}

bool copy_to_user(uint64_t destination, const void* source, size_t size) {
  return through_file(std::bit_cast<void*>(destination), source, size);
}

}  // namespace twine::host::emulator

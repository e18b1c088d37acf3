#include "host/preload/device_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "host/emulator/enclave_registry.h"
#include "host/emulator/platform.h"
#include "host/emulator/spin_lock.h"
#include "host/emulator/thread_context.h"
#include "host/preload/open_device.h"

namespace twine::host::preload {
namespace {

constexpr char kWarning[] =
    "libtwine-sgx: this program runs on a software SGX, which keeps no secret and protects nothing\n";

struct Inode {
  dev_t device;
  ino_t number;
  bool operator==(const Inode&) const = default;
};

struct Entry {
  Inode inode;
  std::shared_ptr<OpenDevice> device;  // null: /dev/sgx_provision
};

// Never destroyed: other threads and exit handlers may call to the last.
struct Table {
  std::vector<Entry> entries;
  std::optional<emulator::Platform> platform;
  std::shared_ptr<emulator::Epc> epc;
};

constinit Table* the_table = nullptr;
constinit std::atomic<size_t> entry_count{0};
constinit uint64_t epc_bytes = 0;
constinit emulator::SpinLock table_lock;

// Holds the table with all signals blocked, because handlers may call as well.
class Locked {
 public:
  Locked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
    table_lock.lock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  ~Locked() {
    table_lock.unlock();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_;
};

std::optional<Inode> inode_of(int fd) {
  struct stat status{};
  if (syscall(SYS_fstat, fd, &status) != 0) return std::nullopt;
  return Inode{.device = status.st_dev, .number = status.st_ino};
}

std::optional<Entry> find(int fd) {
  if (entry_count.load(std::memory_order_relaxed) == 0) return std::nullopt;
  const std::optional<Inode> inode = inode_of(fd);
  if (!inode) return std::nullopt;
  const Locked locked;
  for (const Entry& each : the_table->entries) {
    if (each.inode == *inode) return each;
  }
  return std::nullopt;
}

std::vector<std::shared_ptr<OpenDevice>> open_devices() {
  std::vector<std::shared_ptr<OpenDevice>> result;
  if (entry_count.load(std::memory_order_relaxed) == 0) return result;
  const Locked locked;
  for (const Entry& each : the_table->entries) {
    if (each.device != nullptr) result.push_back(each.device);
  }
  return result;
}

// Whether a descriptor of this process is of the file. True also when that cannot be told.
bool has_descriptor(const Inode& inode) {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return true;
  bool found = false;
  while (const dirent* const each = readdir(directory)) {
    if (each->d_name[0] != '.')
      found = found || inode_of(static_cast<int>(std::strtol(each->d_name, nullptr, 10))) == inode;
  }
  closedir(directory);
  return found;
}

// Takes out what has neither descriptor nor mapping any more. The devices end outside the lock.
void release_unused() {
  std::vector<Entry> ended;
  {
    const Locked locked;
    for (Entry& each : the_table->entries) {
      const bool mapped = each.device != nullptr && each.device->has_mappings();
      if (!mapped && !has_descriptor(each.inode)) ended.push_back(each);
    }
    for (const Entry& each : ended)
      std::erase_if(the_table->entries, [&](const Entry& other) { return other.inode == each.inode; });
    entry_count = the_table->entries.size();
  }
}

// --- fork(2)
// --------------------------------------------------------------------------------------------------------

void before_fork() {
  table_lock.lock();
}
void after_fork_in_parent() {
  table_lock.unlock();
}
void after_fork_in_child() {
  // What the parent's enclaves need is not there (their memory is not inherited): nothing may be torn down. The EPC
  // and its lock may be in any state.
  the_table = new Table;
  entry_count = 0;
  emulator::forget_enclaves();
  emulator::restore_threads_after_fork();
  table_lock.unlock();
}

// Under the lock. 0 or a negated errno.
int make_table() {
  if (the_table == nullptr) {
    the_table = new Table;
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  }
  if (the_table->platform) return 0;
  const Result<std::string> path = emulator::Platform::default_path();
  if (!path) return -EIO;
  Result<emulator::Platform> platform = emulator::Platform::open(*path);
  if (!platform) return -EIO;
  the_table->platform = *platform;
  the_table->epc = std::make_shared<emulator::Epc>(epc_bytes);
  static_cast<void>(!::write(STDERR_FILENO, kWarning, sizeof kWarning - 1));
  return 0;
}

// A descriptor of a new file, with the access mode that `flags` ask for.
int new_descriptor(DeviceName name, int flags) {
  const int file = memfd_create(name == DeviceName::enclave ? "sgx_enclave" : "sgx_provision",
                                MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -errno;
  fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  const std::string again = "/proc/self/fd/" + std::to_string(file);
  const int opened = ::open(again.c_str(), flags & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK));
  const int error = errno;
  ::close(file);
  return opened < 0 ? -error : opened;
}

}  // namespace

std::optional<DeviceName> device_of_path(const char* path) {
  if (path == nullptr) return std::nullopt;
  if (std::strcmp(path, "/dev/sgx_enclave") == 0) return DeviceName::enclave;
  if (std::strcmp(path, "/dev/sgx_provision") == 0) return DeviceName::provision;
  return std::nullopt;
}

std::optional<DeviceName> device_of_descriptor(int fd) {
  const std::optional<Entry> entry = find(fd);
  if (!entry) return std::nullopt;
  return entry->device == nullptr ? DeviceName::provision : DeviceName::enclave;
}

void set_epc_size(uint64_t bytes) {
  epc_bytes = bytes;
}

int open_device(DeviceName name, int flags) {
  if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
  const Locked locked;
  if (const int result = make_table(); result != 0) return result;
  const int fd = new_descriptor(name, flags);
  if (fd < 0) return fd;
  const std::optional<Inode> inode = inode_of(fd);
  if (!inode || !the_table->platform) return -EIO;
  Entry entry{.inode = *inode, .device = nullptr};
  if (name == DeviceName::enclave)
    entry.device = std::make_shared<OpenDevice>(*the_table->platform, the_table->epc);
  the_table->entries.push_back(std::move(entry));
  entry_count = the_table->entries.size();
  return fd;
}

std::optional<int> device_close(int fd) {
  if (!find(fd)) return std::nullopt;
  const int result = ::close(fd) == 0 ? 0 : -errno;
  release_unused();
  return result;
}

std::optional<int> device_ioctl(int fd, unsigned request, uint64_t argument) {
  const std::optional<Entry> entry = find(fd);
  if (!entry) return std::nullopt;
  if (entry->device == nullptr) return -ENOTTY;
  return entry->device->control(request, argument, [](int provision) {
    return device_of_descriptor(provision) == DeviceName::provision;
  });
}

std::optional<int64_t> device_mmap(uint64_t address, uint64_t length, int protection, int flags, int fd) {
  if ((flags & MAP_ANONYMOUS) == 0) {
    if (const std::optional<Entry> entry = find(fd)) {
      if (entry->device == nullptr) return -ENODEV;
      const bool writable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
      return entry->device->map(address, length, protection, flags, writable);
    }
  }
  if ((flags & MAP_FIXED) == 0) return std::nullopt;
  for (const auto& each : open_devices()) {
    if (!each->has_elrange()) {
      each->forget(address, length);
    } else if (each->touches(address, length)) {
      return each->cover(address, length, protection);
    }
  }
  return std::nullopt;
}

std::optional<int> device_mprotect(uint64_t address, uint64_t length, int protection) {
  if (length == 0) return std::nullopt;
  for (const auto& each : open_devices()) {
    if (!each->has_elrange()) {
      if (each->protect_early(address, length, protection)) return 0;
    } else if (each->touches(address, length)) {
      return address % sgx::kEpcPageSize != 0 ? -EINVAL : each->protect(address, length, protection);
    }
  }
  return std::nullopt;
}

std::optional<int> device_munmap(uint64_t address, uint64_t length) {
  if (length == 0) return std::nullopt;
  std::optional<int> result;
  for (const auto& each : open_devices()) {
    if (!each->has_elrange()) {
      each->forget(address, length);
    } else if (each->touches(address, length)) {
      result = address % sgx::kEpcPageSize != 0 ? -EINVAL : each->unmap(address, length);
      break;
    }
  }
  if (result) release_unused();
  return result;
}

std::optional<int> device_madvise(uint64_t address, uint64_t length, int advice) {
  if (advice != MADV_DONTNEED && advice != MADV_FREE && advice != MADV_REMOVE) return std::nullopt;
  for (const auto& each : open_devices()) {
    if (each->has_elrange() && each->touches(address, length)) return -EINVAL;
  }
  return std::nullopt;
}

}  // namespace twine::host::preload

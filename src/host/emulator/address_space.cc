#include "host/emulator/address_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

#include "host/emulator/host_mappings.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;

namespace {

// mprotect works on runs of at most this many pages each way, so that one fault has a bound.
constexpr uint64_t kMaxRun = 4096;

// Pages that share a page table; the unit of guard_window.
constexpr uint64_t kWindow = uint64_t{2} << 20;
// Runs of open pages in a window from which on it is guarded. Markers cost a page table and a walk over it,
// which is not worth it for a page here and there; a run costs two mappings.
constexpr uint64_t kRunsBeforeGuards = 3;

// <asm-generic/mman-common.h> of Linux 6.13.
constexpr int kMadvGuardInstall = 102;
constexpr int kMadvGuardRemove = 103;

uint64_t page_of(uint64_t address) {
  return address & ~(kEpcPageSize - 1);
}

// The address of enclave memory as the host's pointer.
void* host_pointer(uint64_t address) {
  return std::bit_cast<void*>(address);
}

int epcm_protection(const EpcmEntry& entry) {
  if (!entry.valid || entry.pending || entry.modified || entry.blocked || !entry.is(sgx::PageType::reg))
    return PROT_NONE;
  return (entry.r ? PROT_READ : 0) | (entry.w ? PROT_WRITE : 0) | (entry.x ? PROT_EXEC : 0);
}

// The enclave will see its page vanish; its owner shall know why.
void report_too_many_mappings() {
  static constexpr char kMessage[] =
      "twine: the emulator needs more memory mappings than the kernel allows a process; raise the limit: "
      "sysctl vm.max_map_count=1048576\n";
  if (::write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0) return;  // nobody listens
}

}  // namespace

AddressSpace::~AddressSpace() {
  if (size_ != 0) munmap(host_pointer(base_), size_);
  if (memory_ >= 0) ::close(memory_);
}

Result<uint64_t> AddressSpace::reserve(uint64_t size) {
  if (size_ != 0)
    return fail(ErrorCode::invalid_argument, "emulator: an enclave's address range is reserved once");
  if (!std::has_single_bit(size) || size < 2 * kEpcPageSize) {
    return fail(ErrorCode::invalid_argument,
                "emulator: the size of ELRANGE must be a power of two of at least two pages");
  }
  memory_ = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory_ < 0) {
    return fail(ErrorCode::io,
                std::string("emulator: /proc/self/mem: ") + std::strerror(errno) + "; mount /proc");
  }
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const area = mmap(nullptr, 2 * size, PROT_NONE, flags, -1, 0);
  if (area == MAP_FAILED) {
    return fail(ErrorCode::out_of_memory,
                "emulator: the enclave's address range cannot be reserved (needs twice its size of address "
                "space); raise ulimit -v");
  }
  const auto start = std::bit_cast<uint64_t>(area);
  base_ = (start + size - 1) / size * size;
  size_ = size;
  if (base_ != start) munmap(area, base_ - start);
  if (base_ != start + size) munmap(host_pointer(base_ + size), start + size - base_);
  // Linear memories are large and touched in runs: where a run covers 2 MiB the kernel may back it with one
  // huge page.
  madvise(host_pointer(base_), size, MADV_HUGEPAGE);
  return base_;
}

int AddressSpace::adopt(uint64_t base, uint64_t size) {
  const std::vector<HostMapping> mappings = host_mappings(base, base + size);
  if (!std::all_of(mappings.begin(), mappings.end(),
                   [](const HostMapping& each) { return each.reservation; }))
    return -ENOMEM;
  memory_ = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory_ < 0) return -errno;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (mmap(host_pointer(base), size, PROT_NONE, flags, -1, 0) == MAP_FAILED) return -errno;
  base_ = base;
  size_ = size;
  madvise(host_pointer(base_), size_, MADV_HUGEPAGE);
  replace(0, base, nullptr);
  replace(base + size, ~uint64_t{0} - (base + size), nullptr);
  return 0;
}

AddressSpace::Vmas::const_iterator AddressSpace::find(uint64_t address) const {
  auto next = vmas_.upper_bound(address);
  if (next == vmas_.begin()) return vmas_.end();
  const auto candidate = std::prev(next);
  return address < candidate->second.end ? candidate : vmas_.end();
}

uint64_t AddressSpace::vma_end(uint64_t address) const {
  const auto vma = find(address);
  return vma == vmas_.end() ? address : vma->second.end;
}

int AddressSpace::vma_protection(uint64_t address) const {
  const auto vma = find(address);
  return vma == vmas_.end() ? PROT_NONE : vma->second.protection;
}

int AddressSpace::effective_protection(uint64_t address) const {
  return epcm_protection(epcm_.at(address)) & vma_protection(address);
}

void AddressSpace::replace(uint64_t address, uint64_t length, const Vma* vma) {
  const uint64_t end = address + length;
  // Split what straddles the two ends, drop what lies between.
  for (const uint64_t cut : {address, end}) {
    const auto straddling = find(cut);
    if (straddling == vmas_.end() || straddling->first == cut) continue;
    const Vma tail = straddling->second;
    vmas_[straddling->first].end = cut;
    vmas_.emplace(cut, tail);
  }
  vmas_.erase(vmas_.lower_bound(address), vmas_.lower_bound(end));
  if (vma == nullptr) return;
  auto inserted = vmas_.emplace(address, *vma).first;
  // Merge with like neighbours, as the kernel does: growing a memory page by page must not make a list of
  // pages.
  if (inserted != vmas_.begin()) {
    const auto before = std::prev(inserted);
    if (before->second.end == address && before->second.protection == vma->protection) {
      before->second.end = inserted->second.end;
      vmas_.erase(inserted);
      inserted = before;
    }
  }
  const auto after = std::next(inserted);
  if (after != vmas_.end() && after->first == inserted->second.end &&
      after->second.protection == vma->protection) {
    inserted->second.end = after->second.end;
    vmas_.erase(after);
  }
}

bool AddressSpace::may_map(uint64_t address, uint64_t length, int protection) const {
  if (size_ == 0) return true;  // there is no page yet
  const uint64_t end = address + length;
  for (uint64_t page = epcm_.next_valid(address, end); page < end;
       page = epcm_.next_valid(page + kEpcPageSize, end)) {
    if ((protection & ~static_cast<int>(epcm_.at(page).max_protection)) != 0) return false;
  }
  return true;
}

int AddressSpace::map(uint64_t address, uint64_t length, int protection) {
  if (!may_map(address, length, protection)) return -EACCES;
  const Vma vma{.end = address + length, .protection = protection};
  replace(address, length, &vma);
  return size_ == 0 ? 0 : close(address, length);
}

int AddressSpace::protect(uint64_t address, uint64_t length, int protection) {
  const uint64_t end = address + length;
  for (uint64_t covered = address; covered < end;) {
    const auto vma = find(covered);
    if (vma == vmas_.end()) return -ENOMEM;
    covered = vma->second.end;
  }
  return map(address, length, protection);
}

int AddressSpace::unmap(uint64_t address, uint64_t length) {
  replace(address, length, nullptr);
  return size_ == 0 ? 0 : close(address, length);
}

void AddressSpace::guard_window(uint64_t page, uint64_t vma_start, uint64_t vma_end) {
  const uint64_t window = page & ~(kWindow - 1);
  if (!guards_ || window < vma_start || window + kWindow > vma_end) return;
  constexpr int kReadWrite = PROT_READ | PROT_WRITE;
  const auto is_open = [&](uint64_t at) { return epcm_.at(at).host_protection == kReadWrite; };
  // Pages that are not open must be empty: a marker drops what is there.
  uint64_t runs = 0;
  for (uint64_t each = window; each < window + kWindow; each += kEpcPageSize) {
    const EpcmEntry& entry = epcm_.at(each);
    if (is_open(each)) {
      if (each == window || !is_open(each - kEpcPageSize)) ++runs;
    } else if (entry.touched || entry.guarded || entry.host_protection != PROT_NONE) {
      return;
    }
  }
  if (runs < kRunsBeforeGuards) return;
  for (uint64_t closed = window; closed < window + kWindow; closed += kEpcPageSize) {
    if (is_open(closed)) continue;
    uint64_t end = closed;
    while (end < window + kWindow && !is_open(end)) end += kEpcPageSize;
    if (madvise(host_pointer(closed), end - closed, kMadvGuardInstall) != 0) {
      guards_ = false;
      return;  // markers on PROT_NONE harm nobody
    }
    closed = end;
  }
  if (mprotect(host_pointer(window), kWindow, kReadWrite) != 0) return;
  for (uint64_t each = window; each < window + kWindow; each += kEpcPageSize) {
    if (!is_open(each)) epcm_.at(each).guarded = 1;
  }
}

int AddressSpace::open_run(uint64_t first, uint64_t end, int protection) {
  const bool guarded = epcm_.at(first).guarded != 0;
  const bool protect = !guarded || protection != (PROT_READ | PROT_WRITE);
  if (protect && mprotect(host_pointer(first), end - first, protection) != 0) return -errno;
  if (guarded && madvise(host_pointer(first), end - first, kMadvGuardRemove) != 0) return -errno;
  for (uint64_t each = first; each < end; each += kEpcPageSize) {
    EpcmEntry& entry = epcm_.at(each);
    entry.host_protection = static_cast<uint64_t>(protection) & 7;
    entry.guarded = 0;
    entry.touched = 1;
    entry.referenced = 1;
  }
  return 0;
}

int AddressSpace::open(uint64_t address) {
  const uint64_t page = page_of(address);
  const auto vma = find(page);
  if (vma == vmas_.end()) return 0;
  const int wanted = epcm_protection(epcm_.at(page)) & vma->second.protection;
  if (wanted == (PROT_READ | PROT_WRITE)) guard_window(page, vma->first, vma->second.end);
  const bool guarded = epcm_.at(page).guarded != 0;
  const auto belongs = [&](uint64_t other) {
    const EpcmEntry& entry = epcm_.at(other);
    return (epcm_protection(entry) & vma->second.protection) == wanted &&
           static_cast<int>(entry.host_protection) != wanted && (entry.guarded != 0) == guarded &&
           entry.swapped == 0;
  };
  uint64_t first = page;
  uint64_t end = page + kEpcPageSize;
  const uint64_t lowest = std::max(vma->first, page - std::min(page, kMaxRun * kEpcPageSize));
  const uint64_t highest = std::min(vma->second.end, page + kMaxRun * kEpcPageSize);
  while (first > lowest && belongs(first - kEpcPageSize)) first -= kEpcPageSize;
  while (end < highest && belongs(end)) end += kEpcPageSize;
  const int result = open_run(first, end, wanted);
  if (result == -ENOMEM) report_too_many_mappings();
  return result;
}

int AddressSpace::close(uint64_t address, uint64_t length) {
  const uint64_t end = address + length;
  uint64_t page = epcm_.next_valid(address, end);
  while (page < end) {
    // One mprotect for each run of pages that go to the same, lower protection.
    const auto target = [&](uint64_t at) {
      return effective_protection(at) & static_cast<int>(epcm_.at(at).host_protection);
    };
    const auto lowers = [&](uint64_t at) {
      return target(at) != static_cast<int>(epcm_.at(at).host_protection);
    };
    if (!lowers(page)) {
      page = epcm_.next_valid(page + kEpcPageSize, end);
      continue;
    }
    const int wanted = target(page);
    uint64_t run_end = page + kEpcPageSize;
    while (run_end < end && epcm_.at(run_end).valid && lowers(run_end) && target(run_end) == wanted)
      run_end += kEpcPageSize;
    if (mprotect(host_pointer(page), run_end - page, wanted) != 0) return -errno;
    for (; page < run_end; page += kEpcPageSize)
      epcm_.at(page).host_protection = static_cast<uint64_t>(wanted) & 7;
    page = epcm_.next_valid(run_end, end);
  }
  return 0;
}

int AddressSpace::seal(uint64_t address, uint64_t length) {
  const uint64_t end = address + length;
  // A page that is behind a marker, or was never opened, is inaccessible as it is.
  const auto is_open = [&](uint64_t page) { return epcm_.at(page).host_protection != PROT_NONE; };
  for (uint64_t page = address; page < end; page += kEpcPageSize) {
    if (!is_open(page)) continue;
    uint64_t run_end = page;
    while (run_end < end && is_open(run_end)) run_end += kEpcPageSize;
    if (mprotect(host_pointer(page), run_end - page, PROT_NONE) != 0) return -errno;
    for (; page < run_end; page += kEpcPageSize) epcm_.at(page).host_protection = PROT_NONE;
  }
  return 0;
}

int AddressSpace::discard(uint64_t address) {
  EpcmEntry& entry = epcm_.at(address);
  if (entry.guarded) return 0;  // nothing was ever there
  void* const page = host_pointer(page_of(address));
  // A marker drops the contents as well, and does not split the mapping.
  if (entry.host_protection == (PROT_READ | PROT_WRITE) && guards_ &&
      madvise(page, kEpcPageSize, kMadvGuardInstall) == 0) {
    entry.guarded = 1;
  } else {
    if (entry.host_protection != PROT_NONE && mprotect(page, kEpcPageSize, PROT_NONE) != 0) return -errno;
    madvise(page, kEpcPageSize, MADV_DONTNEED);
  }
  entry.host_protection = PROT_NONE;
  entry.touched = 0;
  return 0;
}

bool AddressSpace::expose(uint64_t address, uint64_t length) {
  if (mprotect(host_pointer(address), length, PROT_READ | PROT_WRITE) != 0) return false;
  exposed_ = address;
  exposed_size_ = length;
  return true;
}

void AddressSpace::conceal() {
  if (exposed_size_ != 0) mprotect(host_pointer(exposed_), exposed_size_, PROT_NONE);
  exposed_size_ = 0;
}

bool AddressSpace::host_allows(uint64_t address, size_t size, int bits) const {
  if (address - exposed_ < exposed_size_ && size <= exposed_size_ - (address - exposed_)) return true;
  for (uint64_t page = page_of(address); page < address + size; page += kEpcPageSize) {
    if ((static_cast<int>(epcm_.at(page).host_protection) & bits) != bits) return false;
  }
  return true;
}

bool AddressSpace::write(uint64_t address, const void* source, size_t size) {
  for (uint64_t page = page_of(address); page < address + size; page += kEpcPageSize) {
    EpcmEntry& entry = epcm_.at(page);
    // Behind a marker nothing can be written. Whoever writes lowers the protection again if the enclave may
    // do less.
    if (entry.guarded && open_run(page, page + kEpcPageSize, PROT_READ | PROT_WRITE) != 0) return false;
    entry.touched = 1;
  }
  if (host_allows(address, size, PROT_READ | PROT_WRITE)) {
    std::memcpy(host_pointer(address), source, size);
    return true;
  }
  return pwrite(memory_, source, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

bool AddressSpace::read(uint64_t address, void* destination, size_t size) const {
  if (epcm_.at(address).guarded) {  // accepted and never touched; multi-page operands were accessed before
    std::memset(destination, 0, size);
    return true;
  }
  if (host_allows(address, size, PROT_READ)) {
    std::memcpy(destination, host_pointer(address), size);
    return true;
  }
  return pread(memory_, destination, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

}  // namespace twine::host::emulator

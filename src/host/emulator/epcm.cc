#include "host/emulator/epcm.h"

#include <sys/mman.h>

#include <algorithm>

namespace twine::host::emulator {

using sgx::kEpcPageSize;

namespace {

void* map_zeroes(uint64_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void reset(EpcmEntry& entry) {
  EpcmEntry fresh{};
  fresh.guarded = entry.guarded;
  fresh.touched = entry.touched;
  entry = fresh;
}

}  // namespace

Result<void> Epcm::open(uint64_t base, uint64_t size) {
  const uint64_t pages = size / kEpcPageSize;
  base_ = base;
  entry_bytes_ = pages * sizeof(EpcmEntry);
  count_bytes_ = (pages + kRun - 1) / kRun * sizeof(uint16_t);
  entries_ = static_cast<EpcmEntry*>(map_zeroes(entry_bytes_));
  counts_ = static_cast<uint16_t*>(map_zeroes(count_bytes_));
  if (entries_ == nullptr || counts_ == nullptr) {
    return fail(ErrorCode::out_of_memory,
                "emulator: no address space for the page map of an enclave; raise ulimit -v");
  }
  return {};
}

Epcm::~Epcm() {
  if (entries_ != nullptr) munmap(entries_, entry_bytes_);
  if (counts_ != nullptr) munmap(counts_, count_bytes_);
}

EpcmEntry& Epcm::insert(uint64_t address) {
  EpcmEntry& entry = at(address);
  reset(entry);
  entry.valid = 1;
  entry.tracked = 1;
  entry.referenced = 1;
  ++counts_[(address - base_) / kEpcPageSize / kRun];
  ++pages_;
  return entry;
}

void Epcm::erase(uint64_t address) {
  reset(at(address));
  --counts_[(address - base_) / kEpcPageSize / kRun];
  --pages_;
}

uint64_t Epcm::next_valid(uint64_t address, uint64_t end) const {
  uint64_t page = (address - base_) / kEpcPageSize;
  const uint64_t last = (end - base_) / kEpcPageSize;
  while (page < last) {
    if (counts_[page / kRun] == 0) {
      page = (page / kRun + 1) * kRun;
    } else if (entries_[page].valid) {
      return base_ + page * kEpcPageSize;
    } else {
      ++page;
    }
  }
  return end;
}

}  // namespace twine::host::emulator

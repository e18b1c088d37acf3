#include "host/emulator/enclave.h"

#include <sys/mman.h>

#include <csignal>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;

namespace {

// SGX_VA_SLOT_COUNT: the pages that one version array page serves.
constexpr uint64_t kVersionArraySlots = 512;

// A fault that the operating system took, mended and resumed from.
void count_mended_fault(EnclaveCounters& counters) {
  counters.asynchronous_exits.fetch_add(1, std::memory_order_relaxed);
  counters.resumes.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Enclave::~Enclave() {
  // Signal handlers of other enclaves' threads take the lock, and one may come to this thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  {
    const std::lock_guard guard(lock);
    epc.leave(*this);
    epc.give(resident_pages() + va_pages_);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// --- EPC pages ------------------------------------------------------------------------------------------------------

bool Enclave::take_epc_page() {
  const uint64_t pages = epcm.pages() + (created ? 1 : 0) + 1;
  if (pages > va_pages_ * kVersionArraySlots) {
    if (!epc.take()) return false;
    ++va_pages_;
  }
  return epc.take();
}

void Enclave::erase_page(uint64_t address) {
  if (epcm.at(address).swapped) {
    --swapped_;
  } else {
    epc.give();
  }
  epcm.erase(address);
}

Outcome Enclave::reload(uint64_t address) {
  EpcmEntry& entry = epcm.at(address);
  if (!entry.valid || !entry.swapped) return done();
  if (!epc.take()) return page_fault(address, sgx::kPagefaultUser);
  entry.swapped = 0;
  entry.referenced = 1;
  --swapped_;
  count_mended_fault(counters);
  return done();
}

bool Enclave::evictable(uint64_t address) {
  EpcmEntry& entry = epcm.at(address);
  if (entry.swapped || (entry.is(sgx::PageType::tcs) && tcs_at(address).active)) return false;
  if (entry.referenced == 0) return true;
  entry.referenced = 0;  // its second chance
  return false;
}

uint64_t Enclave::evict(uint64_t wanted) {
  const uint64_t end = secs.baseaddr + secs.size;
  uint64_t evicted = 0;
  // Neighbours go together, so that their protection changes by one call.
  uint64_t run = 0;
  uint64_t run_end = 0;
  const auto write_out = [&] {
    if (run == run_end || memory.seal(run, run_end - run) != 0) return;
    for (uint64_t each = run; each < run_end; each += kEpcPageSize) epcm.at(each).swapped = 1;
    evicted += (run_end - run) / kEpcPageSize;
  };
  uint64_t page = epcm.next_valid(secs.baseaddr + hand_, end);
  for (uint64_t chosen = 0; chosen < wanted && page < end; page = epcm.next_valid(page + kEpcPageSize, end)) {
    if (!evictable(page)) continue;
    if (page != run_end) {
      write_out();
      run = page;
    }
    run_end = page + kEpcPageSize;
    ++chosen;
  }
  write_out();
  hand_ = page < end ? page - secs.baseaddr : 0;
  swapped_ += evicted;
  return evicted;
}

void Enclave::lose() {
  lost = true;
  // Contents are left where nobody gets at them any more: a thread that is inside has yet to leave by an AEX,
  // which in a machine that falls asleep happens before.
  const uint64_t end = secs.baseaddr + secs.size;
  for (uint64_t page = epcm.next_valid(secs.baseaddr, end); page < end;
       page = epcm.next_valid(page + kEpcPageSize, end)) {
    if (memory.seal(page, kEpcPageSize) != 0) std::abort();  // what is lost must not be seen again
    erase_page(page);
  }
}

// --- Accesses -------------------------------------------------------------------------------------------------------

namespace {

uint32_t pagefault_code(Access kind) {
  return sgx::kPagefaultUser | (kind == Access::write ? sgx::kPagefaultWrite : 0) |
         (kind == Access::fetch ? sgx::kPagefaultFetch : 0);
}

}  // namespace

Outcome Enclave::resolve(uint64_t address, Access kind) {
  const int protection = memory.vma_protection(address);
  // What can be accessed at all can be read: the page tables have no bit for it.
  const bool allowed = kind == Access::write   ? (protection & PROT_WRITE) != 0
                       : kind == Access::fetch ? (protection & PROT_EXEC) != 0
                                               : protection != PROT_NONE;
  const uint32_t code = pagefault_code(kind);
  // The page tables still lead to the EPC, where nothing is any more.
  if (lost && allowed) return page_fault(address, code | sgx::kPagefaultPresent | sgx::kPagefaultSgx);
  if (epcm.at(address).valid) {
    if (!allowed) return page_fault(address, code | sgx::kPagefaultPresent);
    // A mapping older than the page may exceed what the page was added with: Linux then raises SIGBUS.
    if ((protection & ~static_cast<int>(epcm.at(address).max_protection)) != 0)
      return page_fault(address, code);
    return reload(address).ok() ? done() : page_fault(address, code);
  }
  if (!allowed || !initialised()) return page_fault(address, code);
  // The kernel takes the #PF, adds the page and resumes; the access then meets a page that is pending.
  if (!eaug(*this, address & ~(kEpcPageSize - 1)).ok()) return page_fault(address, code);
  count_mended_fault(counters);
  return done();
}

Outcome Enclave::access(uint64_t address, Access kind) {
  TWINE_SGX_CHECK(resolve(address, kind));
  const int wanted = kind == Access::write ? PROT_WRITE : kind == Access::fetch ? PROT_EXEC : PROT_READ;
  const uint32_t code = pagefault_code(kind);
  const int allowed = memory.effective_protection(address);
  if ((allowed & wanted) == 0) return page_fault(address, code | sgx::kPagefaultPresent | sgx::kPagefaultSgx);
  if ((static_cast<int>(epcm.at(address).host_protection) & wanted) == 0 && memory.open(address) != 0) {
    return page_fault(address, code);
  }
  return done();
}

void Enclave::open_accepted(TcsState& thread) {
  const uint64_t page = std::exchange(thread.accepted, 0);
  if (page == 0 || epcm.at(page).swapped || memory.effective_protection(page) == PROT_NONE) return;
  // If it fails, the access that faults fails again, and reports it.
  if (epcm.at(page).host_protection == PROT_NONE) static_cast<void>(memory.open(page));
}

Outcome Enclave::read_operand(uint64_t address, void* destination, size_t size) {
  TWINE_SGX_CHECK(access(address, Access::read));
  return memory.read(address, destination, size) ? done() : epcm_fault(address);
}

Outcome Enclave::write_operand(uint64_t address, const void* source, size_t size) {
  TWINE_SGX_CHECK(access(address, Access::write));
  return memory.write(address, source, size) ? done() : epcm_fault(address, true);
}

}  // namespace twine::host::emulator

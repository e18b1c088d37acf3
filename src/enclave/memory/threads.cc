#include "enclave/memory/threads.h"

#include <array>
#include <cstdint>

#include "enclave/hostcall/hostcalls.h"
#include "enclave/memory/pages.h"
#include "enclave/memory/thread_pages.h"
#include "enclave/platform/accept.h"
#include "enclave/platform/platform.h"
#include "enclave/platform/spin_lock.h"
#include "enclave/platform/thread_block.h"
#include "enclave/start/layout.h"
#include "enclave/start/symbols.h"

namespace twine::enclave {
namespace {

constexpr uint32_t kReadWrite = hostcall::kPageRead | hostcall::kPageWrite;

constinit SpinLock pool_lock;
// Under pool_lock.
constinit uint32_t present = kImage.tcs_count;
constinit uint32_t running = 0;
constinit bool may_add = true;  // false while one is added, and for good when the host has refused

// Each element is its own thread's.
constinit std::array<bool, kMaxThreads> stack_open{};

uint64_t block_offset(uint32_t thread) {
  return threads_offset(kImage, image_size()) + thread * kThreadBlock.size;
}

uint32_t this_thread_number() {
  return static_cast<uint32_t>((current_thread_block() - enclave_base() - block_offset(0)) /
                               kThreadBlock.size);
}

// Asks for the pages [offset, offset + size) and takes them over. False: the host refuses.
bool add_pages(uint64_t offset, uint64_t size) {
  if (!hostcall::pages_open(offset, size, kReadWrite)) return false;
  for (uint64_t page = offset; page < offset + size; page += kPageSize) accept_page(enclave_base() + page);
  return true;
}

// False: the host refuses.
bool add_block(uint32_t thread) {
  const uint64_t block = block_offset(thread);
  if (!add_pages(block, kThreadBlock.tcb + kPageSize)) return false;
  if (!add_pages(block + kThreadBlock.exception_stack, kImage.exception_stack_size)) return false;
  if (!add_pages(block + kThreadBlock.runtime_stack, kImage.runtime_stack_size)) return false;
  write_thread_entry(enclave_base() + block);
  if (!hostcall::thread_make(block)) return false;
  accept_thread_entry(enclave_base() + block);
  note_thread_block();
  return hostcall::thread_ready(block).has_value();
}

// The number of the block that shall be added now; 0: none.
uint32_t choose_addition() {
  const SpinGuard guard(pool_lock);
  ++running;
  if (running < present || present == kMaxThreads || !may_add) return 0;
  may_add = false;
  return present;
}

}  // namespace

void begin_thread() {
  bool& open = stack_open.at(this_thread_number());
  const AddressRange stack = guest_stack();
  if (!open && !hostcall::pages_open(stack.begin - enclave_base(), stack.end - stack.begin, kReadWrite))
    panic("the host refuses the guest's stack (pages_open)");
  open = true;
  const uint32_t addition = choose_addition();
  // A host that has no room for another thread has fewer launches at once, no more.
  if (addition == 0 || !add_block(addition)) return;
  const SpinGuard guard(pool_lock);
  ++present;
  may_add = true;
}

void end_thread() {
  wipe_guest_stack();
  const SpinGuard guard(pool_lock);
  --running;
}

}  // namespace twine::enclave

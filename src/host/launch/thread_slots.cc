#include "host/launch/thread_slots.h"

namespace twine::host {

ThreadSlots::ThreadSlots(const image::Enclave& enclave) {
  // From the back, so that the first thread is taken first.
  for (uint32_t thread = enclave.thread_count(); thread-- > 0;) idle_.push_back(enclave.tcs_address(thread));
  usable_ = idle_.size();
}

Result<uint64_t> ThreadSlots::acquire() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !idle_.empty() || usable_ == 0; });
  if (idle_.empty())
    return fail(ErrorCode::internal,
                "no thread of the enclave can be started any more: their launches were stopped");
  const uint64_t tcs = idle_.back();
  idle_.pop_back();
  return tcs;
}

void ThreadSlots::release(uint64_t tcs) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(tcs);
  changed_.notify_one();
}

void ThreadSlots::lose() {
  const std::lock_guard lock(mutex_);
  --usable_;
  changed_.notify_all();
}

void ThreadSlots::add(uint64_t tcs) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(tcs);
  ++usable_;
  changed_.notify_one();
}

}  // namespace twine::host

// A lock for short critical sections that signal handlers take too; whoever takes it outside of one has all
// signals blocked.
#pragma once

#include <sched.h>

#include <atomic>

namespace twine::host::emulator {

class SpinLock {
 public:
  void lock() noexcept {
    // The holder may have been preempted: after a few tries give it the processor.
    for (int tries = 0; held_.test_and_set(std::memory_order_acquire); ++tries) {
      if (tries % 64 == 63)
        sched_yield();
      else
        __builtin_ia32_pause();
    }
  }
  void unlock() noexcept { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_;
};

}  // namespace twine::host::emulator

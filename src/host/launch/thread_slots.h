// Which threads of an enclave can be entered.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "common/result.h"
#include "host/image/enclave.h"

namespace twine::host {

// The threads of an enclave that can be entered: those of the image, and those it adds. A launch takes one.
class ThreadSlots {
 public:
  explicit ThreadSlots(const image::Enclave& enclave);

  // The TCS of an idle thread; waits for one. Errors: internal, when none will ever be idle again.
  [[nodiscard]] Result<uint64_t> acquire();
  void release(uint64_t tcs);
  // Its launch did not end: nobody can start another there.
  void lose();
  void add(uint64_t tcs);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> idle_;
  size_t usable_ = 0;
};

}  // namespace twine::host

// The end of a launch that takes too long (--timeout).
//
// Costs the guest nothing while it runs: a timer's signal on the thread that is in the enclave makes an asynchronous exit, and
// where ERESUME would follow, the handler turns the thread aside (sgx/vdso_call.h) to enter the exception handler first. The enclave
// sees a frame without an exception, and, if its launch manifest sets a timeout and the interrupted code is the guest's, makes it the trap
// `interrupted`, with backtrace and results as any trap.
//
//   timeout                  first ring
//   every kRingInterval      again, for as long as the thread is not found in the guest's code
//   after kGraceRings        a guest that only waits in host calls has had its time: what it waits in is broken off and answered with
//                            `intr`, on which the enclave makes the call the trap `interrupted`
//   after kLastRings         the guest does something else, and was never found in its code: the launch ends at the next call's end
//                            without the enclave, so without backtrace and the enclave's statistics
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>

#include "common/result.h"
#include "host/sgx/driver.h"
#include "host/sgx/thread.h"

namespace twine::host {

class Deadline {
 public:
  // For the calling thread, which is about to run `thread`; both must outlive the object. Errors: internal (no timer).
  static Result<std::unique_ptr<Deadline>> start(sgx::Driver& driver, sgx::EnclaveThread& thread,
                                                 std::chrono::nanoseconds timeout);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

 private:
  Deadline() = default;
  timer_t timer_{};
};

}  // namespace twine::host

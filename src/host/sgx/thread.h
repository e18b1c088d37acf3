// The host's half of the entry protocol (common/entry.h): one EnclaveThread runs one launch on one TCS.
//
//   start ─► enter ─► host_call ─► handler.host_call(arena) ─► enter host_call_done ─┐
//              ▲ ▲                                                                   │
//              │ └───────────────────────────────────────────────────────────────────┘
//              │        exception ─► enter handle_exception ─► resume ─► ERESUME
//              └─ finished, dead ─► run() returns
#pragma once

#include <ucontext.h>

#include <csignal>
#include <cstdint>
#include <span>
#include <string>

#include "common/entry.h"
#include "common/result.h"
#include "host/sgx/driver.h"

namespace twine::host::sgx {

// Answers host calls. `arena` is the whole arena: ArenaHeader, then the staging space.
class HostCallHandler {
 public:
  HostCallHandler() = default;
  HostCallHandler(const HostCallHandler&) = delete;
  HostCallHandler& operator=(const HostCallHandler&) = delete;
  virtual ~HostCallHandler() = default;

  // Serves the request in the arena's header and writes its `result` (and data) there.
  virtual void host_call(std::span<uint8_t> arena) = 0;
};

class EnclaveThread {
 public:
  // `tcs` is the TCS's address. Both references must outlive the thread object.
  EnclaveThread(Driver& driver, uint64_t tcs, HostCallHandler& handler);
  EnclaveThread(const EnclaveThread&) = delete;
  EnclaveThread& operator=(const EnclaveThread&) = delete;
  ~EnclaveThread();

  // The arena, before start: whatever the launch wants to leave there for the enclave.
  [[nodiscard]] std::span<uint8_t> arena() { return arena_; }

  // Enters with EnterReason::start and goes on until the enclave says `finished`. Errors: internal, with the
  // enclave's own reason, when it is dead (host attacks included); out_of_memory when the enclave page
  // cache is exhausted; io when the processor refused to enter or the enclave was lost (suspend, migration).
  [[nodiscard]] Result<void> run();

  // For the handler of a signal that found this thread: if it is in the enclave, lets the enclave know of the interrupt before it goes
  // on (EnterReason::handle_exception). Nothing when the enclave is at an exception already.
  void divert(ucontext_t& context);

  // run() ends, and stopped() says so, at the first host call that has been served when `flag` is set.
  void stop_when(const volatile std::sig_atomic_t& flag) { stop_ = &flag; }
  [[nodiscard]] bool stopped() const { return stopped_; }

  struct Statistics {
    uint64_t host_calls = 0;
    uint64_t exceptions = 0;  // asynchronous exits that the enclave's handler was entered for
  };
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

 private:
  // An exception at a page of the window: the file that is shown there has become shorter, or cannot be read. Empty pages take the
  // place of what is shown, and the enclave is told that it is torn.
  bool mend_window(const sgx_enclave_run& run);

  Driver& driver_;
  uint64_t tcs_;
  HostCallHandler& handler_;
  std::span<uint8_t> arena_;
  Statistics statistics_;
  volatile std::sig_atomic_t handling_exception_ = 0;
  const volatile std::sig_atomic_t* stop_ = nullptr;
  bool stopped_ = false;
};

}  // namespace twine::host::sgx

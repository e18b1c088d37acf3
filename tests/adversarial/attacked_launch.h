// A launch of a real guest in the real image on the software SGX, by a host that can do what root can: every
// ioctl of the driver, and the ENCLS leaves themselves, at chosen moments.
//
//   moment          who is inside                    hook
//   host call       nobody: the thread has left      on_host_call, before the call is served
//                                                    answer, instead of serving it
//   exception       nobody: the thread was           on_exception, before the enclave's handler is entered;
//                   interrupted                      may mend what the host has done
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/hostcall_table.h"
#include "common/manifest.h"
#include "common/result.h"
#include "host/emulator/enclave.h"
#include "host/image/enclave.h"
#include "host/services/services.h"
#include "host/sgx/driver.h"

namespace twine::test {

struct AttackOptions {
  std::optional<std::string> invoke;  // this export, not _start
  std::vector<WireValue> arguments;   // of it
  std::vector<Step> steps;            // these, and no program
  std::vector<std::string> program_arguments{"guest"};
  std::vector<std::string> network_rules;  // twine run --allow-net
  std::string
      directory;  // lent to the guest as /host, with /memory of 1 MiB in the enclave beside it; none if empty
  int standard_input = 0;
  host::sgx::EmulatorOptions emulator{};
};

// How the launch ended: with an error (refused, dead), or with a result.
struct Ending {
  Result<LaunchResult> result;
  std::string output;  // the guest's
  host::sgx::DriverStatistics statistics;
  uint64_t host_calls = 0;
};

class AttackedLaunch {
 public:
  AttackedLaunch();
  AttackedLaunch(const AttackedLaunch&) = delete;
  AttackedLaunch& operator=(const AttackedLaunch&) = delete;
  ~AttackedLaunch();

  std::function<void(hostcall::Call)> on_host_call;
  std::function<void(const sgx_enclave_run&)> on_exception;
  // Answers instead of the services, which it is given to ask them.
  std::function<void(host::Services&, std::span<std::byte> arena)> answer;
  // The thread has left for the last time; the arena is still there.
  std::function<void()> on_end;

  // Compiles the guest and signs the image, for this process and those it forks.
  static void prepare();

  // Runs the guest (TWINE_ATTACKED_GUEST) to its end, whichever that is.
  Ending run(const AttackOptions& options = {});

  // --- For the hooks.

  [[nodiscard]] host::sgx::Driver& driver();
  // The emulator's own view, for ENCLS.
  [[nodiscard]] host::emulator::Enclave& enclave();

  // Addresses. `page` counts the guest's 256 pages; `code` the pages of its compiled code.
  [[nodiscard]] uint64_t guest_page(uint64_t page) const;
  [[nodiscard]] uint64_t memory() const;
  [[nodiscard]] uint64_t code_page(uint64_t page) const;
  [[nodiscard]] uint64_t heap_page(uint64_t page) const;
  [[nodiscard]] uint64_t stack_top_page() const;  // the highest of the guest's stack
  [[nodiscard]] uint64_t image_page(uint64_t page) const;
  [[nodiscard]] uint64_t ssa_page() const;
  [[nodiscard]] uint64_t tcs() const;

 private:
  class HostileDriver;
  class Handler;
  std::unique_ptr<image::Enclave> enclave_;
};

}  // namespace twine::test

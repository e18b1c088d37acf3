// The Driver over the emulated device and the emulator's entry function.
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "host/emulator/aex_storm.h"
#include "host/emulator/device.h"
#include "host/emulator/platform.h"
#include "host/emulator/signals.h"
#include "host/emulator/thread_context.h"
#include "host/emulator/trap_entry.h"
#include "host/sgx/driver.h"
#include "host/sgx/vdso_call.h"

namespace twine::host::emulator {
namespace {

class EmulatedDriver final : public host::sgx::Driver {
 public:
  EmulatedDriver(const Platform& platform, const host::sgx::EmulatorOptions& options,
                 std::optional<AexStorm> storm)
      : platform_(platform),
        epc_(Epc::of_machine(options.epc_bytes, options.reclaim)),
        device_(platform_, *epc_),
        confine_(options.confine_system_calls),
        storm_(storm) {}
  EmulatedDriver(const EmulatedDriver&) = delete;
  EmulatedDriver& operator=(const EmulatedDriver&) = delete;
  ~EmulatedDriver() override {
    const host::sgx::DriverStatistics counts = statistics();
    if (storm_) storm_->record(counts.asynchronous_exits, counts.interrupts);
  }

  [[nodiscard]] std::string_view name() const override { return "emulated"; }
  [[nodiscard]] Result<uint64_t> reserve(uint64_t size) override { return device_.reserve(size); }
  [[nodiscard]] int create(const sgx_enclave_create& argument) override { return device_.create(argument); }
  [[nodiscard]] int add_pages(sgx_enclave_add_pages& argument) override {
    return device_.add_pages(argument);
  }
  [[nodiscard]] int init(const sgx_enclave_init& argument) override { return device_.init(argument); }
  [[nodiscard]] int provision() override { return device_.provision(); }
  [[nodiscard]] int restrict_permissions(sgx_enclave_restrict_permissions& argument) override {
    return device_.restrict_permissions(argument);
  }
  [[nodiscard]] int modify_types(sgx_enclave_modify_types& argument) override {
    return device_.modify_types(argument);
  }
  [[nodiscard]] int remove_pages(sgx_enclave_remove_pages& argument) override {
    return device_.remove_pages(argument);
  }
  [[nodiscard]] int map(uint64_t address, uint64_t length, int protection) override {
    return device_.map(address, length, protection);
  }
  [[nodiscard]] int protect(uint64_t address, uint64_t length, int protection) override {
    return device_.protect(address, length, protection);
  }
  [[nodiscard]] int unmap(uint64_t address, uint64_t length) override {
    return device_.unmap(address, length);
  }

  [[nodiscard]] int enter(uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function, uint64_t r8,
                          uint64_t r9, sgx_enclave_run* run) override {
    if (this_thread_context(confine_) == nullptr) return -ENOMEM;
    if (storm_) storm_->arm();
    return host::sgx::call_vdso(twine_emulator_enter_enclave, rdi, rsi, rdx, function, r8, r9, run);
  }

  [[nodiscard]] int set_signal_action(int signal, const struct sigaction* action,
                                      struct sigaction* previous) override {
    return emulator::set_signal_action(signal, action, previous);
  }

  [[nodiscard]] host::sgx::DriverStatistics statistics() const override {
    const Enclave& enclave = device_.enclave();
    const EnclaveCounters& counters = enclave.counters;
    return {.enters = counters.enters.load(std::memory_order_relaxed),
            .exits = counters.exits.load(std::memory_order_relaxed),
            .resumes = counters.resumes.load(std::memory_order_relaxed),
            .asynchronous_exits = counters.asynchronous_exits.load(std::memory_order_relaxed),
            .interrupts = counters.interrupts.load(std::memory_order_relaxed),
            .pages_committed = enclave.resident_pages(),
            .pages_peak = counters.pages_peak.load(std::memory_order_relaxed),
            .exact = true};
  }

 private:
  Platform platform_;
  std::shared_ptr<Epc> epc_;
  EnclaveDevice device_;
  bool confine_;
  std::optional<AexStorm> storm_;
};

}  // namespace
}  // namespace twine::host::emulator

twine::Result<std::unique_ptr<twine::host::sgx::Driver>> twine::host::sgx::open_emulated_driver(
    const EmulatorOptions& options) {
  if (!probe().emulator_usable()) {
    return fail(twine::ErrorCode::unsupported,
                "the emulator needs the FSGSBASE instructions in user mode (Linux 5.9 or later, a processor "
                "of 2013 or later)");
  }
  std::string path = options.platform_secret_path;
  if (path.empty()) path = TWINE_TRY(emulator::Platform::default_path());
  const emulator::Platform platform = TWINE_TRY(emulator::Platform::open(path));
  std::optional<emulator::AexStorm> storm = TWINE_TRY(emulator::AexStorm::from_environment());
  emulator::install_signal_handlers();
  return std::make_unique<emulator::EmulatedDriver>(platform, options, storm);
}

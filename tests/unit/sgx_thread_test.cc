// The host's half of the entry protocol, against a driver that plays a script; and what describes the machine
// and its errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <functional>
#include <vector>

#include "common/sgx/arch.h"
#include "host/sgx/driver.h"
#include "host/sgx/thread.h"
#include "host/sgx/vdso.h"

namespace twine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t kEenter = 2;
constexpr uint32_t kEresume = 3;
constexpr uint32_t kEexit = 4;

// What one entry does: leaves by EEXIT with this RDI, or with an exception on a leaf.
struct Step {
  uint32_t function = kEexit;
  uint64_t rdi = 0;
  std::function<void(uint8_t* arena)> in_enclave;
  uint16_t vector = 14;                // of an exception
  uint64_t arena_offset = kArenaSize;  // where in the arena it was
};

// An enclave that is a list of steps.
class ScriptedDriver final : public host::sgx::Driver {
 public:
  explicit ScriptedDriver(std::vector<Step> steps) : steps_(std::move(steps)) {}

  [[nodiscard]] std::string_view name() const override { return "scripted"; }
  [[nodiscard]] Result<uint64_t> reserve(uint64_t /*size*/) override { return 0; }
  [[nodiscard]] int create(const sgx_enclave_create& /*argument*/) override { return 0; }
  [[nodiscard]] int add_pages(sgx_enclave_add_pages& /*argument*/) override { return 0; }
  [[nodiscard]] int init(const sgx_enclave_init& /*argument*/) override { return 0; }
  [[nodiscard]] int provision() override { return 0; }
  [[nodiscard]] int restrict_permissions(sgx_enclave_restrict_permissions& /*argument*/) override {
    return 0;
  }
  [[nodiscard]] int modify_types(sgx_enclave_modify_types& /*argument*/) override { return 0; }
  [[nodiscard]] int remove_pages(sgx_enclave_remove_pages& /*argument*/) override { return 0; }
  [[nodiscard]] int map(uint64_t /*address*/, uint64_t /*length*/, int /*protection*/) override { return 0; }
  [[nodiscard]] int protect(uint64_t /*address*/, uint64_t /*length*/, int /*protection*/) override {
    return 0;
  }
  [[nodiscard]] int unmap(uint64_t /*address*/, uint64_t /*length*/) override { return 0; }
  [[nodiscard]] int set_signal_action(int /*signal*/, const struct sigaction* /*action*/,
                                      struct sigaction* /*previous*/) override {
    return 0;
  }
  [[nodiscard]] host::sgx::DriverStatistics statistics() const override { return {}; }

  [[nodiscard]] int enter(uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function, uint64_t /*r8*/,
                          uint64_t /*r9*/, sgx_enclave_run* run) override {
    entries.push_back(function == kEresume ? std::string("resume") : "enter " + std::to_string(rdi));
    tcs = run->tcs;
    if (next_ >= steps_.size()) return -EINVAL;
    const Step& step = steps_[next_++];
    if (rdi == static_cast<uint64_t>(EnterReason::start)) {
      arena = std::bit_cast<uint8_t*>(rsi);
      arena_size = rdx;
    }
    if (step.in_enclave) step.in_enclave(arena);
    run->function = step.function;
    run->exception_vector = step.function == kEexit ? 0 : step.vector;
    run->exception_addr = std::bit_cast<uint64_t>(arena) + step.arena_offset;
    const auto handler = std::bit_cast<sgx_enclave_user_handler_t>(run->user_handler);
    return handler(static_cast<long>(step.rdi), 0, 0, 0, 0, 0, run);
  }

  std::vector<std::string> entries;
  uint64_t tcs = 0;
  uint8_t* arena = nullptr;
  uint64_t arena_size = 0;

 private:
  std::vector<Step> steps_;
  size_t next_ = 0;
};

class CountingHandler final : public host::sgx::HostCallHandler {
 public:
  void host_call(std::span<uint8_t> arena) override { numbers.push_back(arena[0]); }
  std::vector<int> numbers;
};

Step exits(ExitReason reason) {
  return {.function = kEexit, .rdi = static_cast<uint64_t>(reason), .in_enclave = {}};
}
Step faults() {
  return {.function = kEresume, .rdi = 14, .in_enclave = {}};
}

TEST(SgxThread, ServesHostCallsUntilTheEnclaveHasFinished) {
  Step call = exits(ExitReason::host_call);
  call.in_enclave = [](uint8_t* arena) { arena[0] = 17; };
  ScriptedDriver driver({call, call, exits(ExitReason::finished)});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  EXPECT_TRUE(thread.run());
  EXPECT_THAT(driver.entries, ElementsAre("enter 1", "enter 2", "enter 2"));
  EXPECT_THAT(handler.numbers, ElementsAre(17, 17));
  EXPECT_EQ(thread.statistics().host_calls, 2U);
  EXPECT_EQ(driver.tcs, 0x7000U);
}

TEST(SgxThread, TheArenaIsAlignedAndOfTheSizeThatTheProtocolSays) {
  ScriptedDriver driver({exits(ExitReason::finished)});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  EXPECT_TRUE(thread.run());
  EXPECT_EQ(std::bit_cast<uint64_t>(driver.arena) % kArenaAlignment, 0U);
  EXPECT_EQ(driver.arena_size, kArenaSize);
  EXPECT_EQ(driver.arena, thread.arena().data());
}

TEST(SgxThread, AnExceptionIsHandledInsideAndThenResumed) {
  ScriptedDriver driver({faults(), exits(ExitReason::resume), faults(), exits(ExitReason::resume),
                         exits(ExitReason::finished)});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  EXPECT_TRUE(thread.run());
  EXPECT_THAT(driver.entries, ElementsAre("enter 1", "enter 3", "resume", "enter 3", "resume"));
  EXPECT_EQ(thread.statistics().exceptions, 2U);
}

// What is shown in the window has become shorter than it was.
TEST(SgxThread, APageThatTheWindowHasLostIsReplacedAndTheEnclaveTold) {
  const auto shows_a_file = [](uint8_t* arena) {
    void* const window = arena + kArenaWindowOffset;
    ASSERT_EQ(::mmap(window, kArenaWindowSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              window);
    std::bit_cast<ArenaHeader*>(arena)->torn = 0;
  };
  for (const uint64_t offset : {kArenaWindowOffset, kArenaSize - 1}) {
    const Step lost{
        .function = kEresume, .rdi = 0, .in_enclave = shows_a_file, .vector = 14, .arena_offset = offset};
    Step finished = exits(ExitReason::finished);
    finished.in_enclave = [&](uint8_t* arena) {
      EXPECT_EQ(std::bit_cast<ArenaHeader*>(arena)->torn, 1U);
      arena[kArenaWindowOffset] = 1;  // can be written again
    };
    ScriptedDriver driver({lost, finished});
    CountingHandler handler;
    host::sgx::EnclaveThread thread(driver, 0x7000, handler);
    EXPECT_TRUE(thread.run());
    EXPECT_THAT(driver.entries, ElementsAre("enter 1", "resume"))
        << "and the enclave's handler is not entered";
    EXPECT_EQ(thread.statistics().exceptions, 0U);
  }
}

TEST(SgxThread, AFaultBesideTheWindowIsTheEnclavesOwn) {
  for (const Step& fault :
       {Step{.function = kEresume,
             .rdi = 0,
             .in_enclave = {},
             .vector = 14,
             .arena_offset = kArenaWindowOffset - 1},
        Step{.function = kEresume, .rdi = 0, .in_enclave = {}, .vector = 14, .arena_offset = kArenaSize},
        Step{.function = kEresume,
             .rdi = 0,
             .in_enclave = {},
             .vector = 13,
             .arena_offset = kArenaWindowOffset}}) {
    Step finished = exits(ExitReason::finished);
    finished.in_enclave = [](uint8_t* arena) { EXPECT_EQ(std::bit_cast<ArenaHeader*>(arena)->torn, 0U); };
    ScriptedDriver driver({fault, exits(ExitReason::resume), finished});
    CountingHandler handler;
    host::sgx::EnclaveThread thread(driver, 0x7000, handler);
    EXPECT_TRUE(thread.run());
    EXPECT_THAT(driver.entries, ElementsAre("enter 1", "enter 3", "resume"));
  }
}

TEST(SgxThread, AnEnclaveThatDiedSaysWhy) {
  Step dead = exits(ExitReason::dead);
  dead.in_enclave = [](uint8_t* arena) {
    std::strcpy(std::bit_cast<char*>(arena) + kArenaDataOffset, "host attack: clock");
  };
  ScriptedDriver driver({dead});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  const Result<void> result = thread.run();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("host attack: clock"));
}

TEST(SgxThread, AnEnclaveThatGotNoPageIsToldAsAnExhaustedEpc) {
  Step starved = exits(ExitReason::starved);
  starved.in_enclave = [](uint8_t* arena) {
    std::strcpy(std::bit_cast<char*>(arena) + kArenaDataOffset, "no page at enclave + 0x1000");
  };
  ScriptedDriver driver({starved});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  const Result<void> result = thread.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(result.error().message, HasSubstr("the enclave page cache is exhausted"));
  EXPECT_THAT(result.error().message, HasSubstr("--max-memory"));
  EXPECT_THAT(result.error().message, HasSubstr("no page at enclave + 0x1000"));
}

TEST(SgxThread, ARefusedEntryIsToldAsSuch) {
  ScriptedDriver driver({{.function = kEenter, .rdi = 0, .in_enclave = {}, .vector = 13}});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  const Result<void> result = thread.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::io);
  EXPECT_THAT(result.error().message, HasSubstr("exception 13"));
}

TEST(SgxThread, AThreadWhosePagesAreGoneIsToldAsALostEnclave) {
  ScriptedDriver driver({{.function = kEenter, .rdi = 0, .in_enclave = {}}});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  const Result<void> result = thread.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::io);
  EXPECT_THAT(result.error().message, HasSubstr("the enclave was lost (suspend or migration)"));
}

TEST(SgxThread, AnUnknownExitReasonEndsTheLaunch) {
  ScriptedDriver driver({{.function = kEexit, .rdi = 99, .in_enclave = {}}});
  CountingHandler handler;
  host::sgx::EnclaveThread thread(driver, 0x7000, handler);
  const Result<void> result = thread.run();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("99"));
}

TEST(SgxVdso, FindsAFunctionThatIsThereAndNotOneThatIsNot) {
  if (getauxval(AT_SYSINFO_EHDR) == 0) GTEST_SKIP() << "this process has no vDSO";
  const void* const found = host::sgx::find_in_vdso("__vdso_clock_gettime");
  ASSERT_NE(found, nullptr);
  timespec now{};
  EXPECT_EQ(std::bit_cast<int (*)(clockid_t, timespec*)>(found)(CLOCK_MONOTONIC, &now), 0);
  EXPECT_GT(now.tv_sec + now.tv_nsec, 0);
  EXPECT_EQ(host::sgx::find_in_vdso("__vdso_no_such_function"), nullptr);
}

TEST(SgxProbe, NamesEachThingThatIsMissing) {
  const std::string all = host::sgx::hardware_missing({});
  EXPECT_THAT(all, HasSubstr("/dev/sgx_enclave does not exist"));
  EXPECT_THAT(all, HasSubstr("the processor has no SGX"));
  EXPECT_THAT(all, HasSubstr("__vdso_sgx_enter_enclave"));
  host::sgx::Probe complete;
  complete.cpu_sgx = complete.cpu_sgx2 = complete.cpu_exinfo = true;
  complete.device_present = complete.device_readable = complete.vdso_entry = complete.kernel_edmm = true;
  EXPECT_EQ(host::sgx::hardware_missing(complete), "");
  EXPECT_TRUE(complete.hardware_usable());
  complete.device_readable = false;
  EXPECT_THAT(host::sgx::hardware_missing(complete), HasSubstr("may not be opened by this user"));
}

TEST(SgxProbe, WithoutADeviceTheKernelDriverSaysWhatIsMissing) {
  if (host::sgx::probe().hardware_usable()) GTEST_SKIP() << "this machine has SGX";
  const auto driver = host::sgx::open_kernel_driver();
  ASSERT_FALSE(driver);
  EXPECT_THAT(driver.error().message, HasSubstr("hardware SGX cannot be used here: "));
}

TEST(SgxDescribe, NamesTheCallTheFaultAndTheRemedy) {
  EXPECT_THAT(
      host::sgx::describe("SGX_IOC_ENCLAVE_INIT", static_cast<int>(sgx::ErrorCode::invalid_measurement)),
      testing::AllOf(HasSubstr("SGX_IOC_ENCLAVE_INIT: "), HasSubstr("MRENCLAVE differs"),
                     HasSubstr("sign it again")));
  EXPECT_THAT(host::sgx::describe("mmap", -ENOMEM), HasSubstr("mmap: no enclave page cache is free"));
}

}  // namespace
}  // namespace twine::test

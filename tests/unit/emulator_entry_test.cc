// Entering, leaving, faulting, resuming: the emulated enclave as its host and its code see it.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include "emulator_test_enclave.h"

namespace twine::test {
namespace {

constexpr uint32_t kValidHardware = sgx::kExitinfoValid | sgx::kExitinfoTypeHardware;

TEST(EmulatorEntry, EnterAndExitPassRegistersThrough) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const Exit exit = enclave->enter(Do::echo, 40, 2);
  EXPECT_EQ(exit.result, 0);
  EXPECT_EQ(exit.function, kEexit);
  EXPECT_EQ(exit.rdi, 42U);
}

TEST(EmulatorEntry, FsAndGsBaseInsideComeFromTheTcs) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const Exit exit = enclave->enter(Do::bases);
  EXPECT_EQ(exit.rdi, enclave->at(kData));
  EXPECT_EQ(exit.rsi, enclave->at(kReadOnly));
}

TEST(EmulatorEntry, AnUndefinedInstructionLeavesByAexAndResumesWhereTheHandlerSays) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  Exit exit = enclave->enter(Do::ud2);
  EXPECT_EQ(exit.function, kEresume);
  EXPECT_EQ(exit.vector, 6);
  exit = enclave->handle(2);
  EXPECT_EQ(exit.function, kEexit);
  EXPECT_EQ(exit.rdi, kValidHardware | 6);
  EXPECT_EQ(exit.r9, 0x0b0fU);
  exit = enclave->resume();
  EXPECT_EQ(exit.function, kEexit);
  EXPECT_EQ(exit.rdi, 77U);
}

TEST(EmulatorEntry, ADivisionByZeroIsReportedAsVectorZero) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::divide).vector, 0);
  EXPECT_EQ(enclave->handle(2).rdi, kValidHardware | 0);
  EXPECT_EQ(enclave->resume().rdi, 78U);
}

TEST(EmulatorEntry, APageFaultTellsTheHandlerTheAddressAndTheHostOnlyThePage) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const uint64_t address = enclave->at(0x50123);  // no VMA there
  Exit exit = enclave->enter(Do::load, address);
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.address, enclave->at(0x50000));
  EXPECT_EQ(exit.error_code, sgx::kPagefaultUser);
  exit = enclave->handle(0);
  EXPECT_EQ(exit.rdi, kValidHardware | 14);
  EXPECT_EQ(exit.rdx, address);
  EXPECT_EQ(exit.r8, sgx::kPagefaultUser);
}

TEST(EmulatorEntry, AWriteToAReadOnlyPageIsAnEpcmFaultOrOneOfThePageTables) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::load, enclave->at(kReadOnly)).rdi, 7U);
  const Exit exit = enclave->enter(Do::store, enclave->at(kReadOnly), 1);
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code, sgx::kPagefaultPresent | sgx::kPagefaultUser | sgx::kPagefaultWrite);
}

TEST(EmulatorEntry, ATcsPageCannotBeRead) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  const Exit exit = enclave->enter(Do::load, enclave->at(kTcs));
  EXPECT_EQ(exit.vector, 14);
  EXPECT_NE(exit.error_code & sgx::kPagefaultSgx, 0U);
}

TEST(EmulatorEntry, WithoutExinfoAPageFaultIsNotReportedInside) {
  const auto enclave = TestEnclave::make({.miscselect = 0});
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::load, enclave->at(0x50123)).vector, 14);
  EXPECT_EQ(enclave->handle(0).rdi, 0U);
}

TEST(EmulatorEntry, RegistersAndFlagsSurviveAnException) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::registers).vector, 6);
  EXPECT_EQ(enclave->handle(2).function, kEexit);
  EXPECT_EQ(enclave->resume().rdi, 0x1111U + 0x2222 + 0x3333 + 0x4444 + 0x5555 + 0x6666 + 0x7777 + 1);
}

TEST(EmulatorEntry, VectorRegistersSurviveAnException) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::vectors).vector, 6);
  EXPECT_EQ(enclave->handle(2).function, kEexit);
  const Exit exit = enclave->resume();
  EXPECT_EQ(exit.rdi, ~uint64_t{0});
  EXPECT_EQ(exit.rsi, ~uint64_t{0});
}

TEST(EmulatorEntry, CpuidIsUndefinedInsideAndTheHandlerSeesItsBytes) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  for (int turn = 0; turn < 2; ++turn) {  // the second time the trap must stand again
    EXPECT_EQ(enclave->enter(Do::cpuid).vector, 6);
    EXPECT_EQ(enclave->handle(2).r9, 0xa20fU);
    EXPECT_EQ(enclave->resume().rdi, 0U);
  }
}

TEST(EmulatorEntry, ASystemCallIsUndefinedInside) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::syscall).vector, 6);
  EXPECT_EQ(enclave->handle(2).r9, 0x050fU);
  EXPECT_EQ(enclave->resume().rdi, 39U);
}

TEST(EmulatorEntry, ASystemCallInCodeAddedLaterIsCaughtByDispatch) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  // mov eax, 39; syscall; ret -- copied into an R|X page by EACCEPTCOPY, which nothing patches.
  const uint8_t code[4096] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  enclave->copy_in(kDynamic, code, sizeof code);
  const uint64_t secinfo =
      enclave->put_secinfo(sgx::secinfo_page_type(sgx::PageType::reg) | sgx::kSecinfoR | sgx::kSecinfoX);
  ASSERT_EQ(
      enclave->enclu(sgx::Enclu::eacceptcopy, secinfo, enclave->at(kDynamicCode), enclave->at(kDynamic)).rdi,
      0U);
  EXPECT_EQ(enclave->enter(Do::call, enclave->at(kDynamicCode)).vector, 6);
  EXPECT_EQ(enclave->handle(2).r9, 0x050fU);
  EXPECT_EQ(enclave->resume().rdi, 39U);
}

TEST(EmulatorEntry, HltIsAGeneralProtectionFault) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::hlt).vector, 13);
  EXPECT_EQ(enclave->handle(1).rdi, kValidHardware | 13);
  EXPECT_EQ(enclave->resume().rdi, 80U);
}

TEST(EmulatorEntry, AFaultInTheHandlerNestsUntilTheFramesAreUsedUp) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::ud2).function, kEresume);   // CSSA 1
  EXPECT_EQ(enclave->handle(2, true).function, kEresume);  // CSSA 2
  EXPECT_EQ(enclave->handle(2, true).function, kEresume);  // CSSA 3 = NSSA
  const Exit refused = enclave->handle(2);
  EXPECT_EQ(refused.function, kEenter);
  EXPECT_EQ(refused.vector, 13);
}

TEST(EmulatorEntry, EdeccssaForgetsTheInterruptedFrameAndTheThreadStartsAnew) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->enter(Do::ud2).function, kEresume);  // CSSA 1
  const Exit dropped = enclave->drop_frame();             // CSSA 0
  EXPECT_EQ(dropped.function, kEexit);
  EXPECT_EQ(dropped.rdi, 9U);
  EXPECT_EQ(enclave->enter(Do::echo, 40, 2).rdi, 42U);
  EXPECT_EQ(enclave->resume().vector, 13);  // nothing is left to resume
}

TEST(EmulatorEntry, AnAddressThatIsNoTcsCannotBeEntered) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  Exit exit = enclave->enter(Do::echo, 0, 0, 0, 0, kData);
  EXPECT_EQ(exit.function, kEenter);
  EXPECT_EQ(exit.vector, 14);
  exit = enclave->enter(Do::echo, 0, 0, 0, 0, kTcs + 8);
  EXPECT_EQ(exit.vector, 13);
  EXPECT_EQ(enclave->resume().vector, 13);  // CSSA = 0
}

TEST(EmulatorEntry, ABusyTcsCannotBeEnteredTwice) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  std::atomic<uint8_t> flag{0};
  std::thread inside([&] {
    const Exit exit = enclave->enter(Do::spin, reinterpret_cast<uint64_t>(&flag));
    EXPECT_EQ(exit.function, kEexit);
    EXPECT_GT(exit.rdi, 0U);
  });
  while (enclave->driver().statistics().enters == 0) std::this_thread::yield();
  const Exit refused = enclave->enter(Do::echo, 1, 1);
  EXPECT_EQ(refused.function, kEenter);
  EXPECT_EQ(refused.vector, 13);
  EXPECT_EQ(enclave->enter(Do::echo, 1, 1, 0, 0, kSecondTcs).rdi, 2U);
  flag = 1;
  inside.join();
}

TEST(EmulatorEntry, AnUnknownLeafIsInvalid) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  sgx_enclave_run run{};
  run.tcs = enclave->at(kTcs);
  EXPECT_EQ(enclave->driver().enter(0, 0, 0, 4, 0, 0, &run), -EINVAL);
  EXPECT_EQ(enclave->driver().enter(0, 0, 0, 1, 0, 0, &run), -EINVAL);
  run.reserved[215] = 1;
  EXPECT_EQ(enclave->driver().enter(0, 0, 0, kEenter, 0, 0, &run), -EINVAL);
}

TEST(EmulatorEntry, WithoutAHandlerTheEntryFunctionReturns) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  sgx_enclave_run run{};
  run.tcs = enclave->at(kTcs);
  EXPECT_EQ(enclave->driver().enter(static_cast<uint64_t>(Do::ud2), 0, 0, kEenter, 0, 0, &run), 0);
  EXPECT_EQ(run.function, kEresume);
  EXPECT_EQ(run.exception_vector, 6);
}

int resume_until_exit(long rdi, long /*rsi*/, long /*rdx*/, long /*rsp*/, long /*r8*/, long /*r9*/,
                      sgx_enclave_run* run) {
  if (run->function == kEexit) {
    *reinterpret_cast<uint64_t*>(run->user_data) = static_cast<uint64_t>(rdi);
    return 0;
  }
  return static_cast<int>(kEresume);
}

TEST(EmulatorEntry, AHandlerCanAskForAnotherLeaf) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  ASSERT_EQ(enclave->driver().map(enclave->at(kReadOnly), 0x1000, PROT_NONE), 0);
  uint64_t result = 0;
  sgx_enclave_run run{};
  run.tcs = enclave->at(kTcs);
  run.user_data = reinterpret_cast<uint64_t>(&result);
  // The first exception is met by a handler that maps the page and resumes.
  static TestEnclave* shared = nullptr;
  shared = enclave.get();
  run.user_handler = reinterpret_cast<uint64_t>(
      +[](long rdi, long rsi, long rdx, long rsp, long r8, long r9, sgx_enclave_run* state) {
        if (state->function == kEresume)
          EXPECT_EQ(shared->driver().map(shared->at(kReadOnly), 0x1000, PROT_READ), 0);
        return resume_until_exit(rdi, rsi, rdx, rsp, r8, r9, state);
      });
  EXPECT_EQ(enclave->driver().enter(static_cast<uint64_t>(Do::load), enclave->at(kReadOnly), 0, kEenter, 0, 0,
                                    &run),
            0);
  EXPECT_EQ(result, 7U);
}

// --- Signals -----------------------------------------------------------------------------------------------------------

std::atomic<uint64_t> alarms{0};
thread_local uint64_t thread_canary = 0x600d;
std::atomic<bool> saw_wrong_thread_local{false};
std::atomic<uint64_t> last_rax{0};

void on_alarm(int /*signal*/, siginfo_t* /*info*/, void* context) {
  alarms.fetch_add(1);
  if (thread_canary != 0x600d)
    saw_wrong_thread_local = true;  // with the enclave's FS this reads something else
  last_rax = static_cast<uint64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX]);
}

TEST(EmulatorEntry, ATimerInsideBecomesAnAexAndTheProgramSeesItsOwnThread) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_alarm;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ASSERT_EQ(enclave->driver().set_signal_action(SIGALRM, &action, nullptr), 0);
  alarms = 0;
  std::atomic<uint8_t> flag{0};
  const itimerval interval{.it_interval = {.tv_sec = 0, .tv_usec = 100},
                           .it_value = {.tv_sec = 0, .tv_usec = 100}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &interval, nullptr), 0);
  std::thread stopper([&] {
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, nullptr);
    while (alarms < 500) std::this_thread::yield();
    flag = 1;
  });
  const Exit exit = enclave->enter(Do::spin, reinterpret_cast<uint64_t>(&flag));
  stopper.join();
  const itimerval off{};
  ASSERT_EQ(setitimer(ITIMER_REAL, &off, nullptr), 0);
  EXPECT_EQ(exit.function, kEexit);
  EXPECT_EQ(exit.rsi, 0x5eedU);
  EXPECT_EQ(exit.rdx, 0x5eedU);
  EXPECT_FALSE(saw_wrong_thread_local);
  EXPECT_GE(enclave->driver().statistics().asynchronous_exits, 100U);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  ASSERT_EQ(enclave->driver().set_signal_action(SIGALRM, &action, nullptr), 0);
}

TEST(EmulatorEntry, StatisticsCountEntriesExitsAndAexs) {
  const auto enclave = TestEnclave::make();
  ASSERT_NE(enclave, nullptr);
  enclave->enter(Do::echo);
  enclave->enter(Do::ud2);
  enclave->handle(2);
  enclave->resume();
  const host::sgx::DriverStatistics statistics = enclave->driver().statistics();
  EXPECT_EQ(statistics.enters, 3U);
  EXPECT_EQ(statistics.exits, 3U);
  EXPECT_EQ(statistics.resumes, 1U);
  EXPECT_EQ(statistics.asynchronous_exits, 1U);
  EXPECT_EQ(statistics.pages_committed, 12U);  // SECS and eleven pages
  EXPECT_TRUE(statistics.exact);
}

}  // namespace
}  // namespace twine::test

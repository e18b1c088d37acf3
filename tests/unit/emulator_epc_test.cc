// The enclave page cache: its limit, reclaim and reload, and what is left when it loses power.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "emulator_test_enclave.h"
#include "host/emulator/epc.h"

namespace twine::test {
namespace {

using host::emulator::Epc;
using sgx::Enclu;

constexpr uint64_t kPage = sgx::kEpcPageSize;
constexpr uint64_t kReg = sgx::secinfo_page_type(sgx::PageType::reg);
constexpr uint64_t kTrim = sgx::secinfo_page_type(sgx::PageType::trim);
constexpr uint64_t kMismatch = 19;
constexpr uint16_t kEpcmRead = sgx::kPagefaultPresent | sgx::kPagefaultUser | sgx::kPagefaultSgx;

// What a TestEnclave takes before it touches anything dynamic: SECS, eleven pages, one version array.
constexpr uint64_t kAtStart = 13;
constexpr uint64_t kDynamicPages = kDynamicSize / kPage;

uint64_t dynamic(uint64_t page) {
  return kDynamic + page * kPage;
}

// Accepts the first `count` dynamic pages, each holding its number and `salt`.
void fill(TestEnclave& enclave, uint64_t count, uint64_t salt = 0) {
  for (uint64_t i = 0; i < count; ++i) {
    ASSERT_EQ(enclave.accept_pending(dynamic(i)).rdi, 0U) << i;
    ASSERT_EQ(enclave.enter(Do::store, enclave.at(dynamic(i)), salt + i).function, kEexit) << i;
  }
}

void expect_filled(TestEnclave& enclave, uint64_t count, uint64_t salt = 0) {
  for (uint64_t i = 0; i < count; ++i) {
    const Exit exit = enclave.enter(Do::load, enclave.at(dynamic(i)));
    ASSERT_EQ(exit.function, kEexit) << i;
    ASSERT_EQ(exit.rdi, (salt + i) % 256);  // the enclave stores bytes
  }
}

// --- One enclave ----------------------------------------------------------------------------------------------------

class ReclaimedEnclave : public testing::Test {
 protected:
  // Room for half of what the enclave will have.
  static constexpr uint64_t kEpcPages = kAtStart + 4;

  void SetUp() override {
    enclave = TestEnclave::make({.epc_bytes = kEpcPages * kPage});
    ASSERT_NE(enclave, nullptr);
    epc = Epc::of_machine(kEpcPages * kPage, true);
  }

  Exit accept(uint64_t offset, uint64_t flags) {
    return enclave->enclu(Enclu::eaccept, enclave->put_secinfo(flags), enclave->at(offset));
  }
  // Uses other pages until the page at `offset` has been written out.
  void push_out(uint64_t first_other) {
    const uint64_t before = epc->evictions();
    for (int round = 0; round < 3; ++round) {
      for (uint64_t i = first_other; i < kDynamicPages; ++i)
        ASSERT_EQ(enclave->enter(Do::load, enclave->at(dynamic(i))).function, kEexit);
    }
    ASSERT_GE(epc->evictions() - before, kEpcPages);
  }

  std::unique_ptr<TestEnclave> enclave;
  std::shared_ptr<Epc> epc;
};

TEST_F(ReclaimedEnclave, MayHaveMorePagesThanTheEpcAndKeepsWhatItWrote) {
  fill(*enclave, kDynamicPages);
  for (int round = 0; round < 3; ++round) expect_filled(*enclave, kDynamicPages);
  EXPECT_GT(epc->evictions(), 2 * kDynamicPages);
}

TEST_F(ReclaimedEnclave, NeverHoldsMoreThanTheEpc) {
  fill(*enclave, kDynamicPages);
  EXPECT_LE(epc->in_use(), kEpcPages);
  EXPECT_LT(enclave->driver().statistics().pages_committed,
            kEpcPages);  // a version array is not the enclave's
  EXPECT_LT(enclave->driver().statistics().pages_peak, kEpcPages);
}

TEST_F(ReclaimedEnclave, GivesEveryPageBackWhenItGoes) {
  fill(*enclave, kDynamicPages);
  enclave.reset();
  EXPECT_EQ(epc->in_use(), 0U);
}

TEST_F(ReclaimedEnclave, KeepsAPagePendingUntilItIsAccepted) {
  ASSERT_EQ(enclave->enter(Do::load, enclave->at(dynamic(0)), 0, 0, 0, kSecondTcs).error_code, kEpcmRead);
  for (uint64_t i = 1; i < kDynamicPages; ++i) ASSERT_EQ(enclave->accept_pending(dynamic(i)).rdi, 0U);
  push_out(1);
  EXPECT_EQ(enclave->accept_pending(dynamic(0)).rdi, 0U);
  EXPECT_EQ(enclave->accept_pending(dynamic(0)).rdi, kMismatch);
}

TEST_F(ReclaimedEnclave, KeepsARestrictionAndThatItWaitsToBeAccepted) {
  fill(*enclave, kDynamicPages);
  sgx_enclave_restrict_permissions argument{};
  argument.offset = dynamic(0);
  argument.length = kPage;
  argument.permissions = sgx::kSecinfoR;
  ASSERT_EQ(enclave->driver().restrict_permissions(argument), 0);
  push_out(1);
  EXPECT_EQ(accept(dynamic(0), kReg | sgx::kSecinfoR | sgx::kSecinfoPr).rdi, 0U);
  push_out(1);
  expect_filled(*enclave, 1);
  EXPECT_EQ(enclave->enter(Do::store, enclave->at(dynamic(0)), 1).error_code,
            kEpcmRead | sgx::kPagefaultWrite);
}

TEST_F(ReclaimedEnclave, KeepsThatAPageIsTrimmedAndRemovesItAllTheSame) {
  fill(*enclave, kDynamicPages);
  sgx_enclave_modify_types types{};
  types.offset = dynamic(0);
  types.length = kPage;
  types.page_type = static_cast<uint64_t>(sgx::PageType::trim);
  ASSERT_EQ(enclave->driver().modify_types(types), 0);
  push_out(1);
  EXPECT_EQ(accept(dynamic(0), kTrim | sgx::kSecinfoModified).rdi, 0U);
  push_out(1);
  sgx_enclave_remove_pages pages{};
  pages.offset = dynamic(0);
  pages.length = kPage;
  EXPECT_EQ(enclave->driver().remove_pages(pages), 0);
  ASSERT_EQ(enclave->accept_pending(dynamic(0)).rdi, 0U);
  EXPECT_EQ(enclave->enter(Do::load, enclave->at(dynamic(0))).rdi, 0U);
}

TEST_F(ReclaimedEnclave, LoadsAPageAgainForAnIoctl) {
  fill(*enclave, kDynamicPages);
  const uint64_t before = epc->evictions();
  sgx_enclave_restrict_permissions argument{};
  argument.offset = dynamic(0);
  argument.length = kDynamicSize;
  argument.permissions = sgx::kSecinfoR;
  EXPECT_EQ(enclave->driver().restrict_permissions(argument), 0);
  EXPECT_EQ(argument.count, kDynamicSize);
  EXPECT_GT(epc->evictions(), before);
  expect_filled(*enclave, kDynamicPages);
}

TEST_F(ReclaimedEnclave, CanBeResumedOnceItsExceptionFrameWasWrittenOut) {
  fill(*enclave, kDynamicPages);
  // Left with an exception on the second TCS, whose frames nobody uses meanwhile.
  ASSERT_EQ(enclave->enter(Do::divide, 0, 0, 0, 0, kSecondTcs).vector, 0U);
  push_out(0);
  EXPECT_EQ(enclave->resume(kSecondTcs).vector, 0U);  // the division is made again
}

TEST(EmulatorEpc, ScatteredPagesOfALargeMemorySurviveReclaim) {
  constexpr uint64_t kEpcBytes = 64 * kPage;
  const auto enclave = TestEnclave::make({.size = uint64_t{1} << 36, .epc_bytes = kEpcBytes});
  ASSERT_NE(enclave, nullptr);
  const uint64_t memory = uint64_t{8} << 30;
  ASSERT_EQ(enclave->driver().map(enclave->at(memory), uint64_t{1} << 30, PROT_READ | PROT_WRITE), 0);
  const auto page = [&](uint64_t i) { return memory + i * 3 * kPage; };
  for (uint64_t i = 0; i < 300; ++i) {
    ASSERT_EQ(enclave->accept_pending(page(i)).rdi, 0U);
    ASSERT_EQ(enclave->enter(Do::store, enclave->at(page(i)), i + 1).function, kEexit);
  }
  for (uint64_t i = 300; i-- > 0;)
    ASSERT_EQ(enclave->enter(Do::load, enclave->at(page(i))).rdi, (i + 1) % 256);
}

TEST_F(ReclaimedEnclave, ServesTwoThreadsAtOnceThatPushEachOthersPagesOut) {
  fill(*enclave, kDynamicPages);
  std::atomic<int> wrong = 0;
  const auto read = [&](uint64_t tcs, uint64_t first) {
    for (int round = 0; round < 300; ++round) {
      for (uint64_t i = first; i < kDynamicPages; i += 2) {
        const Exit exit = enclave->enter(Do::load, enclave->at(dynamic(i)), 0, 0, 0, tcs);
        if (exit.function != kEexit || exit.rdi != i) ++wrong;
      }
    }
  };
  std::thread other(read, kSecondTcs, 1);
  read(kTcs, 0);
  other.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(epc->in_use(), kEpcPages);
}

// --- Several enclaves -----------------------------------------------------------------------------------------------

TEST(EmulatorEpc, TakesPagesFromAnEnclaveThatIsIdleForOneThatIsNot) {
  constexpr uint64_t kEpcBytes = (2 * kAtStart + 16) * kPage;
  const auto first = TestEnclave::make({.epc_bytes = kEpcBytes});
  const auto second = TestEnclave::make({.epc_bytes = kEpcBytes});
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  fill(*first, kDynamicPages, 100);
  const uint64_t before = first->driver().statistics().pages_committed;
  fill(*second, kDynamicPages, 500);
  EXPECT_LT(first->driver().statistics().pages_committed, before);
  expect_filled(*first, kDynamicPages, 100);
  expect_filled(*second, kDynamicPages, 500);
}

TEST(EmulatorEpc, EnclavesThatRunAtOnceOnTooSmallAnEpcAllKeepTheirContents) {
  constexpr uint64_t kEpcBytes = (3 * kAtStart + 10) * kPage;
  std::atomic<int> failed = 0;
  const auto work = [&](uint64_t salt) {
    const auto enclave = TestEnclave::make({.epc_bytes = kEpcBytes});
    if (enclave == nullptr) {
      ++failed;
      return;
    }
    fill(*enclave, kDynamicPages, salt);
    for (int round = 0; round < 100; ++round) expect_filled(*enclave, kDynamicPages, salt);
    if (testing::Test::HasFatalFailure()) ++failed;
  };
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 3; ++i) threads.emplace_back(work, 1000 * (i + 1));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
}

// --- The end of it --------------------------------------------------------------------------------------------------

TEST(EmulatorEpc, WithoutReclaimAnAccessThatWouldNeedMoreThanTheEpcHasFaults) {
  const auto enclave = TestEnclave::make({.epc_bytes = (kAtStart + 2) * kPage, .reclaim = false});
  ASSERT_NE(enclave, nullptr);
  EXPECT_EQ(enclave->accept_pending(dynamic(0)).rdi, 0U);
  EXPECT_EQ(enclave->accept_pending(dynamic(1)).rdi, 0U);
  const Exit exit = enclave->accept_pending(dynamic(2));
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code, sgx::kPagefaultUser);
  EXPECT_EQ(exit.address, enclave->at(dynamic(2)));
}

TEST(EmulatorEpc, CountsAVersionArrayForEvery512Pages) {
  constexpr uint64_t kEpcBytes = 2000 * kPage;
  const auto enclave = TestEnclave::make({.size = uint64_t{1} << 24, .epc_bytes = kEpcBytes});
  ASSERT_NE(enclave, nullptr);
  constexpr uint64_t kMemory = uint64_t{4} << 20;
  ASSERT_EQ(enclave->driver().map(enclave->at(kMemory), uint64_t{8} << 20, PROT_READ | PROT_WRITE), 0);
  const auto epc = Epc::of_machine(kEpcBytes, true);
  const uint64_t before = epc->in_use();
  EXPECT_EQ(before, kAtStart);
  for (uint64_t i = 0; i < 501; ++i) ASSERT_EQ(enclave->accept_pending(kMemory + i * kPage).rdi, 0U);
  EXPECT_EQ(epc->in_use(), before + 501 + 1);
}

TEST(EmulatorEpc, NothingOfAnEnclaveIsLeftAfterALossOfPower) {
  constexpr uint64_t kEpcBytes = 3000 * kPage;
  const auto enclave = TestEnclave::make({.epc_bytes = kEpcBytes});
  ASSERT_NE(enclave, nullptr);
  fill(*enclave, 2);
  ASSERT_EQ(enclave->enter(Do::divide, 0, 0, 0, 0, kSecondTcs).vector, 0U);
  const auto epc = Epc::of_machine(kEpcBytes, true);
  epc->lose_power();

  const Exit entered = enclave->enter(Do::load, enclave->at(dynamic(0)));
  EXPECT_EQ(entered.function, kEenter);
  EXPECT_EQ(entered.vector, 14);
  EXPECT_EQ(entered.error_code, kEpcmRead);
  EXPECT_EQ(entered.address, enclave->at(kTcs));
  const Exit resumed = enclave->resume(kSecondTcs);
  EXPECT_EQ(resumed.function, kEresume);
  EXPECT_EQ(resumed.vector, 14);
  EXPECT_EQ(resumed.address, enclave->at(kSecondTcs));
  sgx_enclave_remove_pages pages{};
  pages.offset = dynamic(0);
  pages.length = kPage;
  EXPECT_EQ(enclave->driver().remove_pages(pages), -EFAULT);
}

TEST(EmulatorEpc, AThreadThatIsInsideAtALossOfPowerComesOutWithAPageFault) {
  constexpr uint64_t kEpcBytes = 3001 * kPage;
  const auto enclave = TestEnclave::make({.epc_bytes = kEpcBytes});
  ASSERT_NE(enclave, nullptr);
  Exit exit;
  std::thread inside([&] { exit = enclave->enter(Do::spin, enclave->at(kData)); });
  while (enclave->driver().statistics().enters == 0) std::this_thread::yield();
  Epc::of_machine(kEpcBytes, true)->lose_power();
  inside.join();
  EXPECT_EQ(exit.function, kEresume);
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code & sgx::kPagefaultSgx, sgx::kPagefaultSgx);
}

}  // namespace
}  // namespace twine::test

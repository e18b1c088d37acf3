// A host that plays with the pages of a running enclave: mappings, SGX2 ioctls, and the ENCLS leaves behind them.
// Each attack must end in a dead enclave, a refused entry, or the right result; never in a wrong one, and never
// in a trap that the guest has not earned.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "attacked_launch.h"
#include "common/image_layout.h"
#include "host/emulator/epc.h"
#include "host/emulator/leaves.h"

namespace twine::test {
namespace {

namespace emulator = host::emulator;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kRight[] = "?right\n";
constexpr char kTookAway[] = "host attack: the host took away a page";
constexpr char kLost[] = "the enclave was lost (suspend or migration)";
constexpr char kRefused[] = "the processor refused to enter the enclave";

// An emulated EPC of its own size.
AttackOptions with_epc(uint64_t bytes, bool reclaim, AttackOptions options = {}) {
  options.emulator.epc_bytes = bytes;
  options.emulator.reclaim = reclaim;
  return options;
}

// Calls an export of the guest instead of running it.
AttackOptions invoke(std::string name) {
  AttackOptions options;
  options.invoke = std::move(name);
  return options;
}

// Touches `pages` pages of a memory of 4 GiB, `stride` bytes apart.
AttackOptions scatter(uint64_t pages, uint64_t stride) {
  constexpr uint8_t kI32 = 0x7f;
  AttackOptions options;
  options.invoke = "scatter";
  options.arguments = {{.type = kI32, .low = pages}, {.type = kI32, .low = stride}};
  return options;
}

class PageAttack : public testing::Test {
 protected:
  // Runs the guest and attacks at its first write, when its 256 pages are filled and nobody is inside.
  Ending attack(const std::function<void()>& attack, const AttackOptions& options = {}) {
    int writes = 0;
    launch.on_host_call = [&, attack](hostcall::Call call) {
      if (call == hostcall::Call::file_write && ++writes == 1) attack();
    };
    Ending ending = launch.run(options);
    EXPECT_GE(writes, 1) << "the guest never came to where it is attacked";
    return ending;
  }

  static void expect_right(const Ending& ending) {
    ASSERT_TRUE(ending.result) << ending.result.error().message;
    EXPECT_EQ(ending.result->status, LaunchStatus::exited);
    EXPECT_EQ(ending.output, kRight);
  }
  // Dead before the guest has said anything more; or, with `later`, at the latest when the launch ends.
  template <typename Matcher>
  static void expect_dead(const Ending& ending, const Matcher& message, bool later = false) {
    EXPECT_THAT(ending.output, AnyOf("?", later ? kRight : "?"));
    ASSERT_FALSE(ending.result) << "the guest ended with output " << ending.output;
    EXPECT_THAT(ending.result.error().message, message);
  }

  // --- ENCLS, as root would execute them while nobody is inside.

  void eremove(uint64_t page) {
    const std::lock_guard guard(launch.enclave().lock);
    ASSERT_TRUE(emulator::eremove(launch.enclave(), page).ok());
  }
  void eaug(uint64_t page) {
    const std::lock_guard guard(launch.enclave().lock);
    ASSERT_TRUE(emulator::eaug(launch.enclave(), page).ok());
  }
  void emodt(uint64_t page, sgx::PageType type) {
    const std::lock_guard guard(launch.enclave().lock);
    const sgx::Secinfo secinfo{.flags = sgx::secinfo_page_type(type), .reserved = {}};
    ASSERT_TRUE(emulator::emodt(launch.enclave(), page, secinfo).ok());
    launch.enclave().epcm.at(page).tracked = 1;
  }
  void emodpr(uint64_t page, uint64_t permissions) {
    const std::lock_guard guard(launch.enclave().lock);
    const sgx::Secinfo secinfo{.flags = permissions, .reserved = {}};
    ASSERT_TRUE(emulator::emodpr(launch.enclave(), page, secinfo).ok());
  }

  AttackedLaunch launch;
};

TEST_F(PageAttack, AnHonestHostGetsTheRightResult) {
  expect_right(attack([] {}));
}

// --- Mappings -------------------------------------------------------------------------------------------------------

TEST_F(PageAttack, APageOfTheGuestThatIsUnmappedEndsTheEnclave) {
  expect_dead(attack([&] { ASSERT_EQ(launch.driver().unmap(launch.guest_page(7), kPageSize), 0); }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, APageOfTheGuestThatIsMappedReadOnlyEndsTheEnclaveAtTheFirstWrite) {
  expect_dead(
      attack([&] { ASSERT_EQ(launch.driver().protect(launch.guest_page(7), kPageSize, PROT_READ), 0); }),
      HasSubstr(kTookAway));
}

TEST_F(PageAttack, CodeThatIsMappedWithoutExecutionEndsTheEnclave) {
  expect_dead(
      attack([&] { ASSERT_EQ(launch.driver().protect(launch.code_page(0), kPageSize, PROT_READ), 0); }),
      HasSubstr(kTookAway));
}

TEST_F(PageAttack, AHeapThatIsUnmappedEndsTheEnclave) {
  expect_dead(attack([&] { ASSERT_EQ(launch.driver().unmap(launch.heap_page(0), 1024 * kPageSize), 0); }),
              HasSubstr("the host"), true);
}

TEST_F(PageAttack, TheGuestsStackThatIsUnmappedEndsTheEnclave) {
  expect_dead(attack([&] { ASSERT_EQ(launch.driver().unmap(launch.stack_top_page(), kPageSize), 0); }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, AMappingThatAllowsEverythingChangesNothing) {
  constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;
  const Ending ending = attack([&] {
    ASSERT_EQ(launch.driver().map(launch.code_page(0), kPageSize, kAll), 0);
    ASSERT_EQ(launch.driver().map(launch.guest_page(0), 256 * kPageSize, kAll), 0);
    // The processor's own table does not follow.
    emulator::Enclave& enclave = launch.enclave();
    const std::lock_guard guard(enclave.lock);
    EXPECT_EQ(enclave.memory.effective_protection(launch.code_page(0)), PROT_READ | PROT_EXEC);
    EXPECT_EQ(enclave.memory.effective_protection(launch.guest_page(0)), PROT_READ | PROT_WRITE);
  });
  expect_right(ending);
}

TEST_F(PageAttack, AMeasuredPageCannotBeMappedWithMoreThanItWasMeasuredWith) {
  const Ending ending = attack([&] {
    EXPECT_EQ(launch.driver().map(launch.image_page(0), kPageSize, PROT_READ | PROT_WRITE | PROT_EXEC),
              -EACCES);
  });
  expect_right(ending);
}

// --- Genuine page faults that the host provokes and mends -----------------------------------------------------------

TEST_F(PageAttack, PagesThatGoAndComeBackInTimeChangeNothing) {
  int faults = 0;
  launch.on_exception = [&](const sgx_enclave_run& run) {
    if (run.exception_vector != 14) return;
    ++faults;
    // Only the page that faulted comes back, so that the next access faults again.
    EXPECT_EQ(launch.driver().map(run.exception_addr, kPageSize, PROT_READ | PROT_WRITE), 0);
  };
  const Ending ending =
      attack([&] { ASSERT_EQ(launch.driver().unmap(launch.guest_page(0), 256 * kPageSize), 0); });
  expect_right(ending);
  EXPECT_GE(faults, 256);
}

TEST_F(PageAttack, APageThatIsTakenAwayTwiceAtOneAccessEndsTheEnclave) {
  int faults = 0;
  launch.on_exception = [&](const sgx_enclave_run& run) {
    if (run.exception_addr == launch.guest_page(9) && ++faults == 2)
      EXPECT_EQ(launch.driver().map(launch.guest_page(9), kPageSize, PROT_READ | PROT_WRITE), 0);
  };
  expect_dead(attack([&] { ASSERT_EQ(launch.driver().unmap(launch.guest_page(9), kPageSize), 0); }),
              HasSubstr(kTookAway));
  EXPECT_EQ(faults, 2);
}

// --- Pages replaced by others ---------------------------------------------------------------------------------------

TEST_F(PageAttack, APageThatIsReplacedByZeroesIsNotAcceptedASecondTime) {
  expect_dead(attack([&] {
                eremove(launch.guest_page(200));
                eaug(launch.guest_page(200));
              }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, APageThatIsRemovedIsNotAcceptedAgainWhenItsAccessAddsIt) {
  expect_dead(attack([&] { eremove(launch.guest_page(200)); }), HasSubstr(kTookAway));
}

TEST_F(PageAttack, ACodePageThatIsRemovedAndAddedAgainEndsTheEnclave) {
  expect_dead(attack([&] {
                eremove(launch.code_page(0));
                eaug(launch.code_page(0));
              }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, AHeapPageThatIsReplacedByZeroesEndsTheEnclave) {
  expect_dead(attack([&] {
                for (uint64_t page = 0; page < 64; ++page) {
                  if (!launch.enclave().epcm.at(launch.heap_page(page)).valid) continue;
                  eremove(launch.heap_page(page));
                  eaug(launch.heap_page(page));
                }
              }),
              HasSubstr("the host"), true);
}

TEST_F(PageAttack, AStackPageThatIsReplacedByZeroesEndsTheEnclave) {
  expect_dead(attack([&] {
                eremove(launch.stack_top_page());
                eaug(launch.stack_top_page());
              }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, AnEnclaveWithoutItsOwnCodeCannotBeEntered) {
  // The handler for the fault is gone with the rest: frame after frame is used up.
  expect_dead(attack([&] {
                emulator::Enclave& enclave = launch.enclave();
                for (uint64_t page = launch.image_page(0); page < launch.tcs(); page += kPageSize) {
                  if (enclave.epcm.at(page).valid && enclave.epcm.at(page).x) eremove(page);
                }
              }),
              HasSubstr(kRefused));
}

TEST_F(PageAttack, AnEnclaveWithoutItsExceptionFrameCannotBeEntered) {
  expect_dead(attack([&] { eremove(launch.ssa_page()); }), AnyOf(HasSubstr(kLost), HasSubstr(kRefused)));
}

TEST_F(PageAttack, AnEnclaveWithoutItsTcsCannotBeEntered) {
  expect_dead(attack([&] { eremove(launch.tcs()); }), HasSubstr(kLost));
}

// --- Pages added where none was asked for ---------------------------------------------------------------------------

TEST_F(PageAttack, APageThatIsAddedBehindTheMemoryIsNotTheGuests) {
  const Ending ending = attack(
      [&] {
        const uint64_t behind = launch.memory() + 33 * 65536;
        ASSERT_EQ(launch.driver().map(behind, kPageSize, PROT_READ | PROT_WRITE), 0);
        eaug(behind);
      },
      invoke("beyond"));
  ASSERT_TRUE(ending.result) << ending.result.error().message;
  EXPECT_EQ(ending.result->status, LaunchStatus::trapped);
  ASSERT_TRUE(ending.result->trap);
}

TEST_F(PageAttack, APageThatIsAddedBeforeItWasAskedForIsTheGuestsOnlyOnceItIsAccepted) {
  const Ending ending = attack([&] {
    // Within the memory's size and not yet touched: the host may be early, and the page is zero.
    eaug(launch.memory() + 32 * 65536);
  });
  expect_right(ending);
}

TEST_F(PageAttack, AnAcceptedPageCannotBeAddedAgain) {
  expect_right(attack([&] {
    const std::lock_guard guard(launch.enclave().lock);
    EXPECT_FALSE(emulator::eaug(launch.enclave(), launch.guest_page(3)).ok());
  }));
}

// --- Permissions and types ------------------------------------------------------------------------------------------

TEST_F(PageAttack, APageThatMayNoLongerBeWrittenEndsTheEnclaveAtTheFirstWrite) {
  expect_dead(attack([&] { emodpr(launch.guest_page(7), sgx::kSecinfoR); }), HasSubstr(kTookAway));
}

TEST_F(PageAttack, CodeThatMayNoLongerBeExecutedEndsTheEnclave) {
  expect_dead(attack([&] { emodpr(launch.code_page(0), sgx::kSecinfoR); }), HasSubstr(kTookAway));
}

TEST_F(PageAttack, PermissionsCannotBeExtendedFromOutside) {
  expect_right(attack([&] {
    emodpr(launch.code_page(0), sgx::kSecinfoRwx);  // EMODPR intersects
    const emulator::EpcmEntry& entry = launch.enclave().epcm.at(launch.code_page(0));
    EXPECT_EQ(entry.rwx(), sgx::kSecinfoR | sgx::kSecinfoX);
  }));
}

TEST_F(PageAttack, APageThatIsTrimmedInUseEndsTheEnclaveAndCannotBeRemoved) {
  expect_dead(attack([&] {
                sgx_enclave_modify_types types{};
                types.offset = launch.guest_page(7) - launch.enclave().secs.baseaddr;
                types.length = kPageSize;
                types.page_type = static_cast<uint64_t>(sgx::PageType::trim);
                ASSERT_EQ(launch.driver().modify_types(types), 0);
                sgx_enclave_remove_pages pages{};
                pages.offset = types.offset;
                pages.length = kPageSize;
                EXPECT_EQ(launch.driver().remove_pages(pages), -EPERM);
              }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, CodeThatIsTrimmedEndsTheEnclave) {
  expect_dead(attack([&] { emodt(launch.code_page(0), sgx::PageType::trim); }), HasSubstr(kTookAway));
}

TEST_F(PageAttack, APageThatIsMadeAThreadEndsTheEnclaveAndIsNoThread) {
  expect_dead(attack([&] {
                emodt(launch.guest_page(7), sgx::PageType::tcs);
                sgx_enclave_run run{};
                run.tcs = launch.guest_page(7);
                EXPECT_EQ(launch.driver().enter(1, 0, 0, 2, 0, 0, &run), 0);
                EXPECT_EQ(run.function, 2U);  // EENTER faulted: the enclave has not accepted it
                EXPECT_EQ(run.exception_vector, 14);
              }),
              HasSubstr(kTookAway));
}

TEST_F(PageAttack, AThreadThatIsTrimmedCannotBeEntered) {
  expect_dead(attack([&] { emodt(launch.tcs(), sgx::PageType::trim); }), HasSubstr(kLost));
}

// --- Memory that runs out, and power that fails: honest hosts have that too -----------------------------------------

TEST_F(PageAttack, AnEnclaveThatIsLostSaysSo) {
  constexpr uint64_t kEpcBytes = uint64_t{65} << 20;
  expect_dead(
      attack([&] { emulator::Epc::of_machine(kEpcBytes, true)->lose_power(); }, with_epc(kEpcBytes, true)),
      HasSubstr(kLost));
}

TEST_F(PageAttack, AnEpcThatRunsOutAtATouchIsNeitherATrapNorAWrongResult) {
  constexpr uint64_t kEpcBytes = uint64_t{24} << 20;
  const Ending ending = launch.run(with_epc(kEpcBytes, false, scatter(16384, kPageSize)));
  ASSERT_FALSE(ending.result);
  EXPECT_EQ(ending.result.error().code, ErrorCode::out_of_memory);
  EXPECT_THAT(ending.result.error().message, StartsWith("the enclave page cache is exhausted: "));
  // All of it was used; of every 513 pages one is a version array.
  constexpr uint64_t kPages = kEpcBytes / kPageSize;
  EXPECT_EQ(ending.statistics.pages_peak, kPages - (kPages + 512) / 513);
}

TEST_F(PageAttack, AnEpcThatRunsOutIsReclaimedUnlessItMustNotBe) {
  const Ending ending = launch.run(with_epc(uint64_t{25} << 20, true, scatter(16384, kPageSize)));
  ASSERT_TRUE(ending.result) << ending.result.error().message;
  EXPECT_EQ(ending.result->status, LaunchStatus::exited);
}

// --- Memory that is given back -------------------------------------------------------------------------------------

TEST_F(PageAttack, MemoriesThatAreGoneAreRemovedAsNewOnesNeedPages) {
  constexpr uint64_t kPages = 16384;  // 64 MiB each
  constexpr uint32_t kInstances = 5;
  AttackOptions options;
  for (uint32_t i = 0; i < kInstances; ++i) {
    options.steps.push_back(
        {.kind = StepKind::instantiate, .module = 0, .instance = 0, .name = {}, .arguments = {}});
    options.steps.push_back({.kind = StepKind::invoke,
                             .module = 0,
                             .instance = i,
                             .name = "scatter",
                             .arguments = scatter(kPages, kPageSize).arguments});
    options.steps.push_back(
        {.kind = StepKind::release, .module = 0, .instance = i, .name = {}, .arguments = {}});
  }
  uint64_t removals = 0;
  launch.on_host_call = [&](hostcall::Call call) {
    removals += call == hostcall::Call::pages_remove ? 1 : 0;
  };
  const Ending ending = launch.run(options);
  ASSERT_TRUE(ending.result) << ending.result.error().message;
  ASSERT_EQ(ending.result->steps.size(), options.steps.size());
  EXPECT_GE(removals, 1U);
  EXPECT_LT(removals, 100U);  // in bulk
  EXPECT_LT(ending.statistics.pages_peak, 3 * kPages);
}

// --- memory.grow ----------------------------------------------------------------------------------------------------

TEST_F(PageAttack, GrowingTo4GiBMovesAndCopiesNothing) {
  uint64_t pages_before = 0;
  uint64_t pages_after = 0;
  uint64_t calls = 0;
  uint64_t calls_of_grow = 0;
  int writes = 0;
  uint64_t first = 0;
  launch.on_host_call = [&](hostcall::Call call) {
    ++calls;
    if (call != hostcall::Call::file_write) return;
    if (++writes == 1) {
      pages_before = launch.driver().statistics().pages_committed;
      calls_of_grow = calls;
      first = launch.guest_page(5);
      EXPECT_TRUE(launch.enclave().epcm.at(first).valid);
    } else if (writes == 2) {
      pages_after = launch.driver().statistics().pages_committed;
      calls_of_grow = calls - calls_of_grow - 1;
      EXPECT_TRUE(launch.enclave().epcm.at(first).valid);
    }
  };
  const Ending ending = launch.run(invoke("grow"));
  ASSERT_TRUE(ending.result) << ending.result.error().message;
  ASSERT_EQ(ending.result->values.size(), 1U);
  EXPECT_EQ(ending.result->values[0].low, 1U);  // the bytes survived
  EXPECT_EQ(calls_of_grow, 1U);                 // pages_open
  EXPECT_LE(pages_after - pages_before, 65U);   // at most the ledger's bitmaps, none of the memory's
  EXPECT_EQ(ending.result->statistics.linear_memory_bytes, uint64_t{4} << 30);
}

}  // namespace
}  // namespace twine::test

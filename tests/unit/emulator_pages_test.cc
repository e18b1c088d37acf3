// Dynamic pages: EAUG on touch, EACCEPT, EACCEPTCOPY, EMODPE inside; the SGX2 ioctls, mappings and the EPC's
// limit outside.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "emulator_test_enclave.h"

namespace twine::test {
namespace {

using sgx::Enclu;

constexpr uint64_t kReg = sgx::secinfo_page_type(sgx::PageType::reg);
constexpr uint64_t kRw = sgx::kSecinfoR | sgx::kSecinfoW;
constexpr uint64_t kMismatch = 19;
constexpr uint64_t kZeroFlag = 1 << 6;
constexpr uint16_t kUserRead = sgx::kPagefaultUser;
constexpr uint16_t kEpcmRead = sgx::kPagefaultPresent | sgx::kPagefaultUser | sgx::kPagefaultSgx;
constexpr uint16_t kEpcmWrite = kEpcmRead | sgx::kPagefaultWrite;

class EmulatorPages : public testing::Test {
 protected:
  void SetUp() override {
    enclave = TestEnclave::make();
    ASSERT_NE(enclave, nullptr);
  }

  Exit load(uint64_t offset) { return enclave->enter(Do::load, enclave->at(offset)); }
  Exit store(uint64_t offset, uint64_t value) {
    return enclave->enter(Do::store, enclave->at(offset), value);
  }
  // Drops the frame of an exception that the test only wanted to see, so that the TCS can be used again.
  void forget(uint64_t skip) {
    EXPECT_EQ(enclave->handle(skip).function, kEexit);
    EXPECT_EQ(enclave->resume().function, kEexit);
  }
  Exit accept(uint64_t offset, uint64_t flags) {
    return enclave->enclu(Enclu::eaccept, enclave->put_secinfo(flags), enclave->at(offset));
  }
  int trim(uint64_t offset, uint64_t length = 0x1000) {
    sgx_enclave_modify_types argument{};
    argument.offset = offset;
    argument.length = length;
    argument.page_type = static_cast<uint64_t>(sgx::PageType::trim);
    return enclave->driver().modify_types(argument);
  }
  int remove(uint64_t offset, uint64_t length = 0x1000) {
    sgx_enclave_remove_pages argument{};
    argument.offset = offset;
    argument.length = length;
    return enclave->driver().remove_pages(argument);
  }

  std::unique_ptr<TestEnclave> enclave;
};

TEST_F(EmulatorPages, ATouchedPageIsAddedButNotAccessibleBeforeEaccept) {
  const uint64_t before = enclave->driver().statistics().pages_committed;
  const Exit exit = load(kDynamic);
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code, kEpcmRead);
  EXPECT_EQ(enclave->driver().statistics().pages_committed, before + 1);
}

TEST_F(EmulatorPages, AnAcceptedPageReadsAsZeroAndKeepsWhatIsWritten) {
  EXPECT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  EXPECT_EQ(load(kDynamic + 5).rdi, 0U);
  EXPECT_EQ(store(kDynamic + 5, 99).function, kEexit);
  EXPECT_EQ(load(kDynamic + 5).rdi, 99U);
}

TEST_F(EmulatorPages, EacceptRefusesAPageThatIsNotWhatTheEnclaveSays) {
  const Exit wrong_permissions = accept(kDynamic, kReg | sgx::kSecinfoR | sgx::kSecinfoPending);
  EXPECT_EQ(wrong_permissions.rdi, kMismatch);
  EXPECT_NE(wrong_permissions.rsi & kZeroFlag, 0U);
  EXPECT_EQ(enclave->accept_pending(kDynamic).rsi & kZeroFlag, 0U);
  EXPECT_EQ(enclave->accept_pending(kDynamic).rdi, kMismatch);  // a second time
}

TEST_F(EmulatorPages, EacceptOfAnAddressWithoutVmaFaults) {
  const Exit exit = enclave->accept_pending(0x50000);
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code, kUserRead);
  EXPECT_EQ(enclave->handle(0).rdx, enclave->at(0x50000));
}

TEST_F(EmulatorPages, EacceptDemandsAlignmentAndElrange) {
  EXPECT_EQ(enclave->accept_pending(kDynamic + 8).vector, 13);
  forget(3);
  const uint64_t secinfo = enclave->put_secinfo(kReg | kRw | sgx::kSecinfoPending);
  EXPECT_EQ(enclave->enclu(Enclu::eaccept, secinfo + 8, enclave->at(kDynamic)).vector, 13);
  forget(3);
  EXPECT_EQ(enclave->enclu(Enclu::eaccept, secinfo, enclave->base() + (uint64_t{1} << 20)).vector, 13);
  forget(3);
  EXPECT_EQ(accept(kDynamic, kReg | kRw).vector, 13);  // neither pending nor PR: no legal request
}

TEST_F(EmulatorPages, EacceptcopyMakesCodeThatRunsAndCannotBeWritten) {
  const std::array<uint8_t, 4096> code = {0xb8, 0x2a, 0, 0, 0, 0xc3};  // mov eax, 42; ret
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  enclave->copy_in(kDynamic, code.data(), code.size());
  const uint64_t secinfo = enclave->put_secinfo(kReg | sgx::kSecinfoR | sgx::kSecinfoX);
  EXPECT_EQ(enclave->enclu(Enclu::eacceptcopy, secinfo, enclave->at(kDynamicCode), enclave->at(kDynamic)).rdi,
            0U);
  EXPECT_EQ(enclave->enter(Do::call, enclave->at(kDynamicCode)).rdi, 42U);
  // The VMA would allow it: the EPCM does not.
  const Exit written = store(kDynamicCode, 0x90);
  EXPECT_EQ(written.vector, 14);
  EXPECT_EQ(written.error_code, kEpcmWrite);
}

TEST_F(EmulatorPages, EacceptcopyWantsAPendingTargetAndWriteAccess) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  ASSERT_EQ(enclave->accept_pending(kDynamic + 0x1000).rdi, 0U);
  const uint64_t secinfo = enclave->put_secinfo(kReg | kRw);
  EXPECT_EQ(
      enclave->enclu(Enclu::eacceptcopy, secinfo, enclave->at(kDynamic + 0x1000), enclave->at(kDynamic)).rdi,
      kMismatch);
  ASSERT_EQ(enclave->driver().map(enclave->at(kDynamicCode), 0x1000, PROT_READ | PROT_EXEC), 0);
  const Exit exit =
      enclave->enclu(Enclu::eacceptcopy, secinfo, enclave->at(kDynamicCode), enclave->at(kDynamic));
  EXPECT_EQ(exit.vector, 14);
  EXPECT_EQ(exit.error_code, sgx::kPagefaultUser | sgx::kPagefaultWrite);
}

TEST_F(EmulatorPages, DataIsNotExecutableUntilEmodpeSaysSo) {
  ASSERT_EQ(enclave->accept_pending(kDynamicCode).rdi, 0U);
  const std::array<uint8_t, 6> code = {0xb8, 0x2b, 0, 0, 0, 0xc3};
  enclave->copy_in(kDynamicCode, code.data(), code.size());
  const Exit refused = enclave->enter(Do::call, enclave->at(kDynamicCode));
  EXPECT_EQ(refused.vector, 14);
  EXPECT_NE(refused.error_code & sgx::kPagefaultFetch, 0);
  EXPECT_NE(refused.error_code & sgx::kPagefaultSgx, 0);
  enclave = TestEnclave::make();
  ASSERT_EQ(enclave->accept_pending(kDynamicCode).rdi, 0U);
  enclave->copy_in(kDynamicCode, code.data(), code.size());
  const uint64_t secinfo = enclave->put_secinfo(kReg | kRw | sgx::kSecinfoX);
  EXPECT_EQ(enclave->enclu(Enclu::emodpe, secinfo, enclave->at(kDynamicCode)).function, kEexit);
  EXPECT_EQ(enclave->enter(Do::call, enclave->at(kDynamicCode)).rdi, 43U);
}

TEST_F(EmulatorPages, ARestrictionHoldsAtOnceAndTheEnclaveCanConfirmIt) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  ASSERT_EQ(store(kDynamic, 5).function, kEexit);
  sgx_enclave_restrict_permissions argument{};
  argument.offset = kDynamic;
  argument.length = 0x1000;
  argument.permissions = sgx::kSecinfoR;
  EXPECT_EQ(enclave->driver().restrict_permissions(argument), 0);
  EXPECT_EQ(argument.count, 0x1000U);
  EXPECT_EQ(load(kDynamic).rdi, 5U);
  EXPECT_EQ(accept(kDynamic, kReg | sgx::kSecinfoR | sgx::kSecinfoPr).rdi, 0U);
  EXPECT_EQ(store(kDynamic, 6).error_code, kEpcmWrite);
}

TEST_F(EmulatorPages, ATrimmedPageCanBeRemovedOnlyAfterTheEnclaveAgreed) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  ASSERT_EQ(store(kDynamic, 5).function, kEexit);
  const uint64_t before = enclave->driver().statistics().pages_committed;
  EXPECT_EQ(trim(kDynamic), 0);
  EXPECT_EQ(remove(kDynamic), -EPERM);
  EXPECT_EQ(accept(kDynamic, sgx::secinfo_page_type(sgx::PageType::trim) | sgx::kSecinfoModified).rdi, 0U);
  EXPECT_EQ(remove(kDynamic), 0);
  EXPECT_EQ(enclave->driver().statistics().pages_committed, before - 1);
  // Added again, it is a new page.
  EXPECT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  EXPECT_EQ(load(kDynamic).rdi, 0U);
}

TEST_F(EmulatorPages, ATrimmedPageCannotBeAccessed) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  ASSERT_EQ(store(kDynamic, 5).function, kEexit);
  EXPECT_EQ(trim(kDynamic), 0);
  EXPECT_EQ(load(kDynamic).error_code, kEpcmRead);
}

TEST_F(EmulatorPages, APendingPageCannotBeTrimmedOrRestricted) {
  ASSERT_EQ(load(kDynamic).vector, 14);
  sgx_enclave_modify_types types{};
  types.offset = kDynamic;
  types.length = 0x1000;
  types.page_type = static_cast<uint64_t>(sgx::PageType::trim);
  EXPECT_EQ(enclave->driver().modify_types(types), -EFAULT);
  EXPECT_EQ(types.result, static_cast<uint64_t>(sgx::ErrorCode::page_not_modifiable));
  sgx_enclave_restrict_permissions permissions{};
  permissions.offset = kDynamic;
  permissions.length = 0x1000;
  permissions.permissions = sgx::kSecinfoR;
  EXPECT_EQ(enclave->driver().restrict_permissions(permissions), -EFAULT);
  EXPECT_EQ(permissions.result, static_cast<uint64_t>(sgx::ErrorCode::page_not_modifiable));
}

TEST_F(EmulatorPages, APageCanBecomeAThread) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  for (uint64_t frame = 1; frame <= 3; ++frame)
    ASSERT_EQ(enclave->accept_pending(kDynamic + frame * 0x1000).rdi, 0U);
  auto tcs = std::make_unique<sgx::Tcs>();
  tcs->ossa = kDynamic + 0x1000;
  tcs->nssa = 3;
  tcs->oentry = kCodePage;
  tcs->ofsbasgx = kData;
  tcs->ogsbasgx = kData;
  enclave->copy_in(kDynamic, tcs.get(), sizeof *tcs);
  sgx_enclave_modify_types types{};
  types.offset = kDynamic;
  types.length = 0x1000;
  types.page_type = static_cast<uint64_t>(sgx::PageType::tcs);
  EXPECT_EQ(enclave->driver().modify_types(types), 0);
  EXPECT_EQ(enclave->enter(Do::echo, 1, 2, 0, 0, kDynamic).vector, 14);  // not accepted yet
  EXPECT_EQ(accept(kDynamic, sgx::secinfo_page_type(sgx::PageType::tcs) | sgx::kSecinfoModified).rdi, 0U);
  EXPECT_EQ(enclave->enter(Do::echo, 1, 2, 0, 0, kDynamic).rdi, 3U);
}

TEST_F(EmulatorPages, AThreadWithACssaThatWasForgedIsNotAccepted) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  auto tcs = std::make_unique<sgx::Tcs>();
  tcs->nssa = 1;
  tcs->cssa = 1;
  enclave->copy_in(kDynamic, tcs.get(), sizeof *tcs);
  sgx_enclave_modify_types types{};
  types.offset = kDynamic;
  types.length = 0x1000;
  types.page_type = static_cast<uint64_t>(sgx::PageType::tcs);
  ASSERT_EQ(enclave->driver().modify_types(types), 0);
  EXPECT_EQ(accept(kDynamic, sgx::secinfo_page_type(sgx::PageType::tcs) | sgx::kSecinfoModified).vector, 13);
}

TEST_F(EmulatorPages, TakingAMappingAwayFaultsAndGivingItBackShowsTheSamePage) {
  ASSERT_EQ(enclave->accept_pending(kDynamic).rdi, 0U);
  ASSERT_EQ(store(kDynamic, 5).function, kEexit);
  ASSERT_EQ(enclave->driver().unmap(enclave->at(kDynamic), 0x1000), 0);
  EXPECT_EQ(load(kDynamic).error_code, sgx::kPagefaultUser | sgx::kPagefaultPresent);
  ASSERT_EQ(enclave->driver().map(enclave->at(kDynamic), 0x1000, PROT_READ), 0);
  EXPECT_EQ(enclave->handle(0).function, kEexit);
  EXPECT_EQ(enclave->resume().rdi, 5U);
  // Write access is the VMA's to give, not only the EPCM's.
  EXPECT_EQ(store(kDynamic, 6).error_code,
            sgx::kPagefaultUser | sgx::kPagefaultPresent | sgx::kPagefaultWrite);
}

TEST_F(EmulatorPages, ProtectNeedsAMappingAndKeepsToThePagesPermissions) {
  host::sgx::Driver& driver = enclave->driver();
  EXPECT_EQ(driver.protect(enclave->at(0x50000), 0x1000, PROT_READ), -ENOMEM);
  EXPECT_EQ(driver.protect(enclave->at(kDynamic), kDynamicSize, PROT_READ), 0);
  EXPECT_EQ(driver.map(enclave->at(kCodePage), 0x1000, PROT_READ | PROT_WRITE), -EACCES);
  EXPECT_EQ(driver.map(enclave->at(kReadOnly), 0x1000, PROT_READ | PROT_EXEC), -EACCES);
  EXPECT_EQ(driver.map(enclave->at(kData), 0x1001, PROT_READ), -EINVAL);
  EXPECT_EQ(driver.map(enclave->base() + (uint64_t{1} << 20), 0x1000, PROT_READ), -EINVAL);
}

TEST_F(EmulatorPages, TheSgx2IoctlsCheckTheirArguments) {
  EXPECT_EQ(trim(kDynamic + 1), -EINVAL);
  EXPECT_EQ(trim(uint64_t{1} << 20), -EINVAL);
  EXPECT_EQ(trim(kDynamic, 0), -EINVAL);
  EXPECT_EQ(trim(kDynamic), -EFAULT);  // no page there
  EXPECT_EQ(remove(kDynamic), -EFAULT);
  EXPECT_EQ(remove(kData), -EPERM);
  sgx_enclave_modify_types types{};
  types.offset = kData;
  types.length = 0x1000;
  types.page_type = static_cast<uint64_t>(sgx::PageType::reg);
  EXPECT_EQ(enclave->driver().modify_types(types), -EINVAL);
  sgx_enclave_restrict_permissions permissions{};
  permissions.offset = kData;
  permissions.length = 0x1000;
  permissions.permissions = sgx::kSecinfoW;
  EXPECT_EQ(enclave->driver().restrict_permissions(permissions), -EINVAL);  // nor would EMODPR take it
  permissions.permissions = sgx::kSecinfoR;
  permissions.count = 1;
  EXPECT_EQ(enclave->driver().restrict_permissions(permissions), -EINVAL);
}

TEST(EmulatorEpc, AHugeEnclaveCostsOnlyWhatItTouches) {
  const auto enclave = TestEnclave::make({.size = uint64_t{1} << 38});
  ASSERT_NE(enclave, nullptr);
  const uint64_t far = uint64_t{200} << 30;
  ASSERT_EQ(enclave->driver().map(enclave->at(far), uint64_t{8} << 30, PROT_READ | PROT_WRITE), 0);
  for (uint64_t i = 0; i < 64; ++i) {
    const uint64_t page = far + i * (uint64_t{127} << 20);
    ASSERT_EQ(enclave->accept_pending(page).rdi, 0U);
    ASSERT_EQ(enclave->enter(Do::store, enclave->at(page), i + 1).function, kEexit);
    ASSERT_EQ(enclave->enter(Do::load, enclave->at(page)).rdi, i + 1);
  }
  EXPECT_EQ(enclave->driver().statistics().pages_committed, 12U + 64);
}

// In a large VMA, pages are kept apart by guard markers where the kernel has them: what the enclave sees must
// not differ.
class EmulatorLargeMemory : public EmulatorPages {
 protected:
  static constexpr uint64_t kMemory = uint64_t{8} << 30;
  static constexpr uint64_t kMemorySize = uint64_t{64} << 20;

  void SetUp() override {
    enclave = TestEnclave::make({.size = uint64_t{1} << 38});
    ASSERT_NE(enclave, nullptr);
    ASSERT_EQ(enclave->driver().map(enclave->at(kMemory), kMemorySize, PROT_READ | PROT_WRITE), 0);
    secinfo = enclave->put_secinfo(kReg | kRw | sgx::kSecinfoPending);
  }
  uint64_t accept_at(uint64_t offset) {
    return enclave->enclu(Enclu::eaccept, secinfo, enclave->at(offset)).rdi;
  }
  // Mappings of this process that lie in the memory.
  uint64_t mappings() const {
    std::ifstream maps("/proc/self/maps");
    uint64_t count = 0;
    for (std::string line; std::getline(maps, line);) {
      const uint64_t start = std::strtoull(line.c_str(), nullptr, 16);
      if (start >= enclave->at(kMemory) && start < enclave->at(kMemory + kMemorySize)) ++count;
    }
    return count;
  }

  uint64_t secinfo = 0;
};

TEST_F(EmulatorLargeMemory, ANeighbourOfAnAcceptedPageStillFaults) {
  ASSERT_EQ(accept_at(kMemory + 0x1000), 0U);
  EXPECT_EQ(store(kMemory + 0x1000, 9).function, kEexit);
  EXPECT_EQ(load(kMemory + 0x1000).rdi, 9U);
  EXPECT_EQ(load(kMemory + 0x2000).error_code, kEpcmRead);
  EXPECT_EQ(enclave->enter(Do::load, enclave->at(kMemory), 0, 0, 0, kSecondTcs).error_code, kEpcmRead);
}

TEST_F(EmulatorLargeMemory, ARemovedPageComesBackAsZeroAndItsNeighbourKeepsItsContents) {
  for (const uint64_t page : {kMemory, kMemory + 0x1000}) {
    ASSERT_EQ(accept_at(page), 0U);
    ASSERT_EQ(store(page, 5).function, kEexit);
  }
  EXPECT_EQ(trim(kMemory), 0);
  EXPECT_EQ(accept(kMemory, sgx::secinfo_page_type(sgx::PageType::trim) | sgx::kSecinfoModified).rdi, 0U);
  EXPECT_EQ(remove(kMemory), 0);
  EXPECT_EQ(load(kMemory + 0x1000).rdi, 5U);
  secinfo = enclave->put_secinfo(kReg | kRw | sgx::kSecinfoPending);
  EXPECT_EQ(accept_at(kMemory), 0U);
  EXPECT_EQ(load(kMemory).rdi, 0U);
}

TEST_F(EmulatorLargeMemory, EacceptcopyFillsAPageBesideOneInUse) {
  ASSERT_EQ(accept_at(kMemory), 0U);
  ASSERT_EQ(store(kMemory + 7, 5).function, kEexit);
  const uint64_t read_only = enclave->put_secinfo(kReg | sgx::kSecinfoR);
  ASSERT_EQ(
      enclave->enclu(Enclu::eacceptcopy, read_only, enclave->at(kMemory + 0x1000), enclave->at(kMemory)).rdi,
      0U);
  EXPECT_EQ(load(kMemory + 0x1007).rdi, 5U);
  EXPECT_EQ(store(kMemory + 0x1007, 6).error_code, kEpcmWrite);
}

TEST_F(EmulatorLargeMemory, UnmappingAndMappingAgainKeepsWhatWasWritten) {
  ASSERT_EQ(accept_at(kMemory), 0U);
  ASSERT_EQ(store(kMemory, 5).function, kEexit);
  ASSERT_EQ(enclave->driver().unmap(enclave->at(kMemory), kMemorySize), 0);
  ASSERT_EQ(enclave->driver().map(enclave->at(kMemory), kMemorySize, PROT_READ), 0);
  EXPECT_EQ(load(kMemory).rdi, 5U);
  EXPECT_EQ(store(kMemory, 6).error_code,
            sgx::kPagefaultUser | sgx::kPagefaultPresent | sgx::kPagefaultWrite);
}

TEST_F(EmulatorLargeMemory, ScatteredPagesDoNotUseUpTheProcessesMappings) {
  constexpr int kMadvGuardInstall = 102;
  void* const page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool guards = madvise(page, 4096, kMadvGuardInstall) == 0;
  munmap(page, 4096);
  if (!guards) GTEST_SKIP() << "this kernel has no guard markers (Linux 6.13)";
  for (uint64_t offset = 0; offset < (uint64_t{8} << 20); offset += 0x2000) {
    ASSERT_EQ(accept_at(kMemory + offset), 0U);
    ASSERT_EQ(store(kMemory + offset, 1).function, kEexit);
  }
  EXPECT_LE(mappings(), 4U);
}

}  // namespace
}  // namespace twine::test

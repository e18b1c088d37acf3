// A host that does not keep to the entry protocol (common/entry.h), on the software SGX. Every attack must
// end in a dead enclave that says why, or have no effect.
#include <elf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/entry.h"
#include "common/hostcall_table.h"
#include "common/image_layout.h"
#include "common/manifest.h"
#include "common/sgx/arch.h"
#include "garbage_entry.h"
#include "host/emulator/trap_entry.h"
#include "host/image/enclave.h"
#include "host/image/signing_key.h"
#include "host/image/sigstruct.h"
#include "host/launch/pages.h"
#include "host/services/services.h"
#include "host/sgx/driver.h"

namespace twine {
namespace {

constexpr auto kEenter = static_cast<uint32_t>(sgx::Enclu::eenter);
constexpr auto kEresume = static_cast<uint32_t>(sgx::Enclu::eresume);
constexpr auto kEexit = static_cast<uint32_t>(sgx::Enclu::eexit);

const image::EnclaveImage& enclave_image() {
  static const image::EnclaveImage loaded = image::EnclaveImage::load(TWINE_ENCLAVE_IMAGE).value();
  return loaded;
}

const sgx::Sigstruct& signature() {
  static const sgx::Sigstruct made = [] {
    const image::SigningKey key = image::SigningKey::generate().value();
    sgx::Sigstruct sigstruct =
        image::make_sigstruct(enclave_image().measure(), {.date = 0x20240607,
                                                          .isv_prod_id = enclave_image().note().isv_prod_id,
                                                          .isv_svn = enclave_image().note().isv_svn});
    EXPECT_TRUE(key.sign(sigstruct).has_value());
    return sigstruct;
  }();
  return made;
}

// What the host sees after an entry.
struct Exit {
  uint32_t function = 0;  // EEXIT, or ERESUME: an exception was recorded
  uint16_t vector = 0;
  uint64_t address = 0;
  uint64_t rdi = 0, rsi = 0, rdx = 0, r8 = 0, r9 = 0;
};

int capture(long rdi, long rsi, long rdx, long /*rsp*/, long r8, long r9, sgx_enclave_run* run) {
  auto* exit = std::bit_cast<Exit*>(uint64_t{run->user_data});
  exit->rdi = static_cast<uint64_t>(rdi);
  exit->rsi = static_cast<uint64_t>(rsi);
  exit->rdx = static_cast<uint64_t>(rdx);
  exit->r8 = static_cast<uint64_t>(r8);
  exit->r9 = static_cast<uint64_t>(r9);
  return 0;
}

// Enters one TCS, always from the same stack frame of a thread of its own. EENTER saves RSP and RBP in the
// SSA frame and ERESUME does not (SDM vol. 3D, "ERESUME"), so an enclave that is resumed from another depth
// of the stack would leave to a frame that is gone.
class EnteringThread {
 public:
  EnteringThread(host::sgx::Driver& driver, uint64_t tcs)
      : thread_([this, &driver, tcs] { loop(driver, tcs); }) {}
  EnteringThread(const EnteringThread&) = delete;
  EnteringThread& operator=(const EnteringThread&) = delete;
  ~EnteringThread() {
    hand_over([this] { over_ = true; });
    thread_.join();
  }

  Exit enter(uint64_t reason, uint64_t arena, uint64_t size, uint32_t leaf) {
    hand_over([&] { request_ = {.reason = reason, .arena = arena, .size = size, .leaf = leaf}; });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !pending_; });
    return exit_;
  }

 private:
  struct Request {
    uint64_t reason = 0, arena = 0, size = 0;
    uint32_t leaf = 0;
  };

  template <typename Change>
  void hand_over(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    pending_ = true;
    changed_.notify_all();
  }

  void loop(host::sgx::Driver& driver, uint64_t tcs) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return pending_; });
      if (over_) return;
      exit_ = {};
      sgx_enclave_run run{};
      run.tcs = tcs;
      run.user_handler = reinterpret_cast<uint64_t>(&capture);
      run.user_data = reinterpret_cast<uint64_t>(&exit_);
      EXPECT_EQ(driver.enter(request_.reason, request_.arena, request_.size, request_.leaf, 0, 0, &run), 0);
      exit_.function = run.function;
      exit_.vector = run.exception_vector;
      exit_.address = run.exception_addr;
      pending_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool pending_ = false;
  bool over_ = false;
  Request request_;
  Exit exit_;
  std::thread thread_;
};

class EnclaveEntry : public testing::Test {
 protected:
  void SetUp() override {
    auto driver = host::sgx::open_emulated_driver({});
    ASSERT_TRUE(driver.has_value()) << driver.error().message;
    auto enclave = image::Enclave::build(std::move(*driver), enclave_image(), signature());
    ASSERT_TRUE(enclave.has_value()) << enclave.error().message;
    enclave_ = std::make_unique<image::Enclave>(std::move(*enclave));
    pages_ = std::make_unique<host::EnclavePages>(*enclave_);
    host::ServicesConfig config;
    config.pages = pages_.get();
    auto services = host::Services::create(std::move(config));
    ASSERT_TRUE(services.has_value());
    services_ = std::move(*services);
    for (uint32_t thread = 0; thread < threads_.size(); ++thread) {
      threads_.at(thread) =
          std::make_unique<EnteringThread>(enclave_->driver(), enclave_->tcs_address(thread));
    }
    for (uint8_t*& arena : arenas_) {
      void* memory =
          mmap(nullptr, 2 * kArenaSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      ASSERT_NE(memory, MAP_FAILED);
      arena = static_cast<uint8_t*>(memory);
    }
  }

  void TearDown() override {
    for (uint8_t* arena : arenas_) munmap(arena, 2 * kArenaSize);
  }

  Exit enter(EnterReason reason, uint32_t thread = 0, uint32_t leaf = kEenter) {
    return enter_with(static_cast<uint64_t>(reason), reinterpret_cast<uint64_t>(arenas_.at(thread)),
                      kArenaSize, thread, leaf);
  }

  Exit enter_with(uint64_t reason, uint64_t arena, uint64_t size, uint32_t thread, uint32_t leaf) {
    return threads_.at(thread)->enter(reason, arena, size, leaf);
  }

  static bool never(const Exit& /*exit*/) { return false; }
  // Serves host calls and exceptions, as an honest host does, until `stop` says so or the launch is over.
  Exit serve(Exit exit, const std::function<bool(const Exit&)>& stop = never, uint32_t thread = 0) {
    while (!stop(exit)) {
      if (exit.function == kEresume) {
        exit = enter(EnterReason::handle_exception, thread);
      } else if (exit.rdi == static_cast<uint64_t>(ExitReason::host_call)) {
        services_->serve(std::as_writable_bytes(std::span(arenas_.at(thread), kArenaSize)));
        exit = enter(EnterReason::host_call_done, thread);
      } else if (exit.rdi == static_cast<uint64_t>(ExitReason::resume)) {
        exit = enter(EnterReason::handle_exception, thread, kEresume);
      } else {
        break;
      }
    }
    return exit;
  }

  static bool at_host_call(const Exit& exit) {
    return exit.function == kEexit && exit.rdi == static_cast<uint64_t>(ExitReason::host_call);
  }

  std::string reason(uint32_t thread = 0) const {
    return reinterpret_cast<const char*>(arenas_.at(thread) + kArenaDataOffset);
  }

  void expect_dead(const Exit& exit) {
    EXPECT_EQ(exit.function, kEexit);
    EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::dead));
    for (uint32_t thread = 0; thread < arenas_.size(); ++thread) {
      const Exit again = enter(EnterReason::start, thread);
      EXPECT_EQ(again.function, kEexit);
      EXPECT_EQ(again.rdi, static_cast<uint64_t>(ExitReason::dead)) << "thread " << thread;
    }
  }

  std::unique_ptr<image::Enclave> enclave_;
  std::unique_ptr<host::EnclavePages> pages_;
  std::unique_ptr<host::Services> services_;
  std::array<uint8_t*, 2> arenas_{};
  std::array<std::unique_ptr<EnteringThread>, 2> threads_;  // destroyed first: none may be inside later
};

TEST_F(EnclaveEntry, RunsALaunchToItsEndWithAnHonestHost) {
  const Exit exit = serve(enter(EnterReason::start));
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
  const auto output = services_->output();
  const auto result =
      decode_launch_result(std::span(reinterpret_cast<const uint8_t*>(output.data()), output.size()));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->status, LaunchStatus::refused);  // there was no manifest
}

TEST_F(EnclaveEntry, LeavesNothingInTheRegistersThatTheHostSees) {
  Exit exit = enter(EnterReason::start);
  ASSERT_TRUE(at_host_call(exit));
  serve(exit, [](const Exit& now) {
    if (now.function != kEexit) return false;
    EXPECT_EQ(now.rsi | now.rdx | now.r8 | now.r9, 0U);
    return false;
  });
}

TEST_F(EnclaveEntry, DiesWhenAThreadInAHostCallIsStartedAgain) {
  ASSERT_TRUE(at_host_call(enter(EnterReason::start)));
  const Exit exit = enter(EnterReason::start);
  EXPECT_EQ(reason(), "host attack: the enclave was started on a thread that has already been started");
  expect_dead(exit);
}

TEST_F(EnclaveEntry, SendsASecondThreadAwayUntilTheFirstHasSetItUp) {
  const Exit first = enter(EnterReason::start, 0);
  ASSERT_TRUE(at_host_call(first));
  EXPECT_EQ(enter(EnterReason::start, 1).rdi, static_cast<uint64_t>(ExitReason::not_ready));
  EXPECT_EQ(serve(first).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
  EXPECT_EQ(serve(enter(EnterReason::start, 1), never, 1).rdi, static_cast<uint64_t>(ExitReason::finished))
      << reason(1);
}

TEST_F(EnclaveEntry, DiesOfAReturnFromAHostCallThatWasNotMade) {
  expect_dead(enter(EnterReason::host_call_done));
}

TEST_F(EnclaveEntry, DiesOfASecondReturnFromOneHostCall) {
  // The launch is over: the thread runs no more and waits for nothing.
  serve(enter(EnterReason::start));
  const Exit exit = enter(EnterReason::host_call_done);
  EXPECT_EQ(reason(), "host attack: the host returned from a host call that was not made");
  expect_dead(exit);
}

TEST_F(EnclaveEntry, RunsOneLaunchAfterTheOtherOnAThread) {
  for (int launch = 0; launch < 3; ++launch)
    EXPECT_EQ(serve(enter(EnterReason::start)).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

TEST_F(EnclaveEntry, DiesOfAnUnknownReasonToEnter) {
  ASSERT_TRUE(at_host_call(enter(EnterReason::start)));
  const Exit exit = enter_with(77, 0, 0, 0, kEenter);
  EXPECT_EQ(reason(), "host attack: the enclave was entered for an unknown reason");
  expect_dead(exit);
}

TEST_F(EnclaveEntry, DiesOfAnExceptionThatIsClaimedWhereNoneIsInterrupted) {
  ASSERT_TRUE(at_host_call(enter(EnterReason::start)));
  expect_dead(enter(EnterReason::handle_exception));
}

TEST_F(EnclaveEntry, RefusesAnArenaInsideTheEnclaveOrAcrossItsEdges) {
  const uint64_t base = enclave_->base();
  const uint64_t start = static_cast<uint64_t>(EnterReason::start);
  expect_dead(enter_with(start, base, kArenaSize, 0, kEenter));
}

TEST_F(EnclaveEntry, RefusesAnArenaThatReachesIntoTheEnclave) {
  expect_dead(enter_with(static_cast<uint64_t>(EnterReason::start), enclave_->base() - kPageSize, kArenaSize,
                         0, kEenter));
}

TEST_F(EnclaveEntry, RefusesAnArenaThatWrapsAround) {
  expect_dead(enter_with(static_cast<uint64_t>(EnterReason::start), ~uint64_t{0} - kArenaAlignment + 1,
                         kArenaSize, 0, kEenter));
}

TEST_F(EnclaveEntry, RefusesAnArenaThatIsTooSmallOrNotAligned) {
  const auto arena = reinterpret_cast<uint64_t>(arenas_[0]);
  expect_dead(enter_with(static_cast<uint64_t>(EnterReason::start), arena, kArenaSize - 1, 0, kEenter));
}

TEST_F(EnclaveEntry, RefusesAnArenaThatIsNotAligned) {
  const auto arena = reinterpret_cast<uint64_t>(arenas_[0]);
  expect_dead(enter_with(static_cast<uint64_t>(EnterReason::start), arena + 8, kArenaSize, 0, kEenter));
}

// Runs to where the enclave's own code has just faulted, because a page of its heap was taken away.
class InterruptedEnclave : public EnclaveEntry {
 protected:
  void SetUp() override {
    EnclaveEntry::SetUp();
    int calls = 0;
    // At a host call after the heap was used.
    const Exit exit =
        serve(enter(EnterReason::start), [&](const Exit& now) { return at_host_call(now) && ++calls == 8; });
    ASSERT_TRUE(at_host_call(exit));
    ASSERT_EQ(protect_heap(PROT_NONE), 0);
    interrupted_ = serve(exit, [](const Exit& now) { return now.function == kEresume; });
    ASSERT_EQ(interrupted_.function, kEresume);
    ASSERT_EQ(interrupted_.vector, static_cast<uint16_t>(sgx::Vector::pf));
  }

  int protect_heap(int protection) {
    const uint64_t heap = enclave_->base() + enclave_->note().heap_offset;
    return enclave_->driver().protect(heap, 64 * kPageSize, protection);
  }

  Exit interrupted_;
};

TEST_F(InterruptedEnclave, GoesOnWhenThePageComesBackInTime) {
  ASSERT_EQ(protect_heap(PROT_READ | PROT_WRITE), 0);
  const Exit exit = serve(interrupted_);
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

TEST_F(InterruptedEnclave, DiesWhenThePageStaysAwayAndSaysSo) {
  const Exit exit = serve(interrupted_);
  EXPECT_TRUE(reason().starts_with("host attack: the host took away a page at enclave + 0x")) << reason();
  expect_dead(exit);
}

TEST_F(InterruptedEnclave, FaultsAgainWhenItIsResumedWithoutBeingAsked) {
  const Exit exit = enter(EnterReason::handle_exception, 0, kEresume);
  EXPECT_EQ(exit.function, kEresume);
  EXPECT_EQ(exit.address, interrupted_.address);
}

TEST_F(InterruptedEnclave, DiesWhenItIsEnteredForAnythingButTheException) {
  const Exit exit = enter(EnterReason::host_call_done);
  EXPECT_EQ(reason(),
            "host attack: the enclave was entered in the middle of an interrupted thread, not to handle an "
            "exception");
  expect_dead(exit);
}

TEST_F(EnclaveEntry, DiesWhenTheHostDoesNotProvideThePagesItPromised) {
  // The host answers pages_open with success and opens nothing, so the first page of the heap never comes.
  Exit exit = enter(EnterReason::start);
  ASSERT_TRUE(at_host_call(exit));
  auto* header = reinterpret_cast<ArenaHeader*>(arenas_[0]);
  header->result = 0;
  exit = serve(enter(EnterReason::host_call_done));
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::starved));
  EXPECT_TRUE(reason().starts_with("the host did not provide a page at enclave + 0x")) << reason();
}

// Offset of the first word of the image that relocation writes.
uint64_t first_relocated_word() {
  std::ifstream file(TWINE_ENCLAVE_IMAGE, std::ios::binary);
  const auto read = [&file](auto& value, uint64_t at) {
    file.seekg(static_cast<std::streamoff>(at));
    file.read(reinterpret_cast<char*>(&value), sizeof value);
  };
  Elf64_Ehdr header{};
  read(header, 0);
  for (uint64_t index = 0; index < header.e_shnum; ++index) {
    Elf64_Shdr section{};
    read(section, header.e_shoff + index * sizeof section);
    if (section.sh_type != SHT_RELA) continue;
    Elf64_Rela first{};
    read(first, section.sh_offset);
    return file ? first.r_offset : 0;
  }
  return 0;
}

// --- Garbage in every register

uint64_t usable_components() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low & 0xe7U;
}

// An entry on the calling thread, which must have entered by the driver before.
class GarbageHost : public EnclaveEntry {
 protected:
  void SetUp() override {
    EnclaveEntry::SetUp();
    fill_with_garbage(entry_.garbage, usable_components());
    entry_.entry = reinterpret_cast<uint64_t>(&twine_emulator_enter_enclave);
    entry_.run = &run_;
    run_.tcs = enclave_->tcs_address(0);
    run_.user_handler = reinterpret_cast<uint64_t>(&garbage_exit);
    run_.user_data = reinterpret_cast<uint64_t>(&entry_);
    // A first entry that the thread is known by: an ERESUME where nothing was interrupted, which is refused.
    sgx_enclave_run refused{};
    refused.tcs = run_.tcs;
    ASSERT_EQ(enclave_->driver().enter(0, 0, 0, kEresume, 0, 0, &refused), 0);
    ASSERT_EQ(refused.function, kEresume);
    ASSERT_EQ(refused.exception_vector, static_cast<uint16_t>(sgx::Vector::gp));
  }

  // All entries must come from this one frame (see EnteringThread), so no test calls it from two places.
  void run_to_the_end(uint64_t flags, const std::function<void()>& at_exit) {
    entry_.flags = flags;
    entry_.function = kEenter;
    uint64_t reason = static_cast<uint64_t>(EnterReason::start);
    for (;;) {
      entry_.in = {.rdi = reason,
                   .rsi = reinterpret_cast<uint64_t>(arenas_[0]),
                   .rdx = kArenaSize,
                   .r8 = kGarbage,
                   .r9 = kGarbage,
                   .r10 = kGarbage,
                   .r11 = kGarbage,
                   .r12 = kGarbage,
                   .r13 = kGarbage,
                   .r14 = kGarbage,
                   .r15 = kGarbage};
      ASSERT_EQ(garbage_entry(&entry_), 0);
      if (run_.function == kEresume) {
        entry_.function = kEenter;
        reason = static_cast<uint64_t>(EnterReason::handle_exception);
        continue;
      }
      ASSERT_EQ(run_.function, kEexit);
      at_exit();
      if (entry_.out.rdi == static_cast<uint64_t>(ExitReason::resume)) {
        entry_.function = kEresume;
      } else if (entry_.out.rdi == static_cast<uint64_t>(ExitReason::host_call)) {
        services_->serve(std::as_writable_bytes(std::span(arenas_[0], kArenaSize)));
        entry_.function = kEenter;
        reason = static_cast<uint64_t>(EnterReason::host_call_done);
      } else {
        return;
      }
    }
  }

  static constexpr uint64_t kGarbage = 0xa5a5'a5a5'a5a5'a5a5;
  static constexpr uint64_t kStatusFlags = 0x8d5;  // OF SF ZF AF PF CF
  static constexpr uint64_t kAlignmentCheck = uint64_t{1} << 18;
  static constexpr uint64_t kDirection = uint64_t{1} << 10;
  static constexpr uint64_t kNestedTask = uint64_t{1} << 14;
  static constexpr uint64_t kIdentification = uint64_t{1} << 21;

  GarbageEntry entry_;
  sgx_enclave_run run_{};
};

TEST_F(GarbageHost, ChangesNothingInALaunchByWhatItLeavesInTheRegisters) {
  run_to_the_end(kStatusFlags | kDirection | kAlignmentCheck | kNestedTask | kIdentification | 2, [] {});
  EXPECT_EQ(entry_.out.rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
  const auto output = services_->output();
  const auto result =
      decode_launch_result(std::span(reinterpret_cast<const uint8_t*>(output.data()), output.size()));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->status, LaunchStatus::refused);  // as with a clean host: there was no manifest
}

TEST_F(GarbageHost, FindsNothingOfTheEnclaveInAnyRegisterAfterAnyExit) {
  int exits = 0;
  run_to_the_end(2, [&] {
    ++exits;
    const PassedRegisters& out = entry_.out;
    EXPECT_EQ(out.rsi | out.rdx | out.r8 | out.r9 | out.r10 | out.r11 | out.r12 | out.r13 | out.r14 | out.r15,
              0U);
    EXPECT_EQ(entry_.flags_out & (kDirection | kAlignmentCheck | kNestedTask | kIdentification), 0U);
    const auto& state = entry_.state_out.bytes;
    uint16_t control = 0;
    uint16_t status = 0;
    uint32_t mxcsr = 0;
    std::memcpy(&control, state.data(), sizeof control);
    std::memcpy(&status, state.data() + 2, sizeof status);
    std::memcpy(&mxcsr, state.data() + kXsaveMxcsr, sizeof mxcsr);
    uint64_t in_use = 0;
    std::memcpy(&in_use, state.data() + kXsaveBv, sizeof in_use);
    EXPECT_EQ(mxcsr, 0x1f80U);
    if ((in_use & 1) != 0) {
      EXPECT_EQ(control, 0x037f);
      EXPECT_EQ(status, 0);
      EXPECT_EQ(state[4], 0) << "an x87 register is in use";
    }
    // XSAVE writes a component that is not in its initial state; zero registers are also allowed to be "in use".
    for (size_t at = 32; at < state.size(); ++at) {
      if (at >= 416 && at < kXsaveXcompBv + 56) continue;  // reserved, and the header
      ASSERT_EQ(state.at(at), 0) << "at byte " << at << " of the XSAVE area";
    }
  });
  EXPECT_GT(exits, 3);
}

// The state that the enclave's first C++ runs with, as an exception in it leaves it in the SSA frame. Only on a software SGX can it be
// looked into, through the kernel's view of this process.
TEST_F(GarbageHost, LeavesNothingOfTheHostInTheExtendedStateOfTheFirstEntry) {
  const uint64_t page = (enclave_->base() + first_relocated_word()) & ~(kPageSize - 1);
  ASSERT_EQ(enclave_->driver().protect(page, kPageSize, PROT_NONE), 0);
  entry_.function = kEenter;
  entry_.flags = kAlignmentCheck | kDirection | 2;
  entry_.in.rdi = static_cast<uint64_t>(EnterReason::start);
  entry_.in.rsi = reinterpret_cast<uint64_t>(arenas_[0]);
  entry_.in.rdx = kArenaSize;
  ASSERT_EQ(garbage_entry(&entry_), 0);
  ASSERT_EQ(run_.function, kEresume);
  ASSERT_EQ(run_.exception_addr & ~(kPageSize - 1), page);

  std::array<uint8_t, kPageSize> frame{};
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  memory.seekg(static_cast<std::streamoff>(run_.tcs + kPageSize));
  memory.read(reinterpret_cast<char*>(frame.data()), frame.size());
  ASSERT_TRUE(memory);
  sgx::SsaGpr gpr{};
  std::memcpy(&gpr, frame.data() + sgx::ssa_gpr_offset(1), sizeof gpr);
  ASSERT_NE(gpr.rip, 0U);
  EXPECT_EQ(gpr.rflags & (kAlignmentCheck | kDirection), 0U);
  uint32_t mxcsr = 0;
  std::memcpy(&mxcsr, frame.data() + kXsaveMxcsr, sizeof mxcsr);
  EXPECT_EQ(mxcsr, 0x1f80U);
  constexpr size_t kEndOfAvx512 = 2688;  // PKRU follows
  for (size_t at = 32; at < kEndOfAvx512; ++at) {
    if (at >= 416 && at < 576) continue;  // reserved, and the header
    ASSERT_NE(frame.at(at), 0xa5) << "at byte " << at << " of the XSAVE area";
  }
}

// --- Two threads, and the middle of things

TEST_F(InterruptedEnclave, HandlesOneExceptionOnceHoweverOftenTheHostClaimsIt) {
  ASSERT_EQ(protect_heap(PROT_READ | PROT_WRITE), 0);
  for (int again = 0; again < 5; ++again) {
    const Exit exit = enter(EnterReason::handle_exception);
    ASSERT_EQ(exit.function, kEexit);
    ASSERT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::resume)) << reason();
  }
  const Exit exit = serve(enter(EnterReason::handle_exception, 0, kEresume));
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

// What the first thread is held back in writes the image's data. A second one that did the same again would, later, put
// back pointers that have changed since.
TEST_F(EnclaveEntry, SendsASecondThreadAwayWhileTheFirstIsHeldBackInRelocation) {
  const uint64_t word = enclave_->base() + first_relocated_word();
  const uint64_t page = word & ~(kPageSize - 1);
  ASSERT_EQ(enclave_->driver().protect(page, kPageSize, PROT_NONE), 0);
  const Exit held = enter(EnterReason::start, 0);
  ASSERT_EQ(held.function, kEresume);
  ASSERT_EQ(held.address & ~(kPageSize - 1), page);
  ASSERT_EQ(enclave_->driver().protect(page, kPageSize, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(enter(EnterReason::start, 1).rdi, static_cast<uint64_t>(ExitReason::not_ready));
  const Exit first = enter(EnterReason::handle_exception, 0, kEresume);
  EXPECT_EQ(serve(first).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

// --- Threads that the enclave adds

class AddedThread : public EnclaveEntry {
 protected:
  void SetUp() override {
    EnclaveEntry::SetUp();
    ASSERT_EQ(enclave_->thread_count(), 2U);
    // The first launch stays in its first host call after the enclave was set up, so the second takes the last thread.
    first_ = serve(enter(EnterReason::start),
                   [&](const Exit& exit) { return calls(exit, hostcall::Call::input_size); });
    ASSERT_TRUE(at_host_call(first_)) << reason();
    second_ = enter(EnterReason::start, 1);
  }

  bool calls(const Exit& exit, hostcall::Call call, uint32_t thread = 0) const {
    return at_host_call(exit) && header(thread).call == static_cast<uint64_t>(call);
  }
  ArenaHeader& header(uint32_t thread) const { return *reinterpret_cast<ArenaHeader*>(arenas_.at(thread)); }
  // The second launch up to one of its host calls, or its end.
  Exit second_until(hostcall::Call call) {
    return serve(second_, [&](const Exit& exit) { return calls(exit, call, 1); }, 1);
  }

  Exit first_;
  Exit second_;
};

TEST_F(AddedThread, CanBeEnteredOnceItIsReady) {
  second_ = second_until(hostcall::Call::thread_ready);
  ASSERT_TRUE(calls(second_, hostcall::Call::thread_ready, 1)) << reason(1);
  const uint64_t tcs = enclave_->base() + header(1).args[0];
  EXPECT_EQ(tcs, enclave_->tcs_address(2)) << "behind the last thread";
  EXPECT_EQ(serve(second_, never, 1).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason(1);
  // With the arena of the second, which is idle now.
  threads_[1] = std::make_unique<EnteringThread>(enclave_->driver(), tcs);
  EXPECT_EQ(serve(enter(EnterReason::start, 1), never, 1).rdi, static_cast<uint64_t>(ExitReason::finished))
      << reason(1);
}

TEST_F(AddedThread, CannotBeEnteredBeforeTheEnclaveHasAcceptedIt) {
  second_ = second_until(hostcall::Call::thread_make);
  ASSERT_TRUE(calls(second_, hostcall::Call::thread_make, 1)) << reason(1);
  const uint64_t tcs = enclave_->base() + header(1).args[0];
  services_->serve(
      std::as_writable_bytes(std::span(arenas_.at(1), kArenaSize)));  // EMODT, and no word to the enclave
  EnteringThread early(enclave_->driver(), tcs);
  const Exit exit = early.enter(static_cast<uint64_t>(EnterReason::start),
                                reinterpret_cast<uint64_t>(arenas_.at(0)), kArenaSize, kEenter);
  EXPECT_NE(exit.function, kEexit) << "the processor must refuse it";
}

TEST_F(AddedThread, IsTheEndWhenTheHostOnlySaysThatItMadeIt) {
  second_ = second_until(hostcall::Call::thread_make);
  ASSERT_TRUE(calls(second_, hostcall::Call::thread_make, 1)) << reason(1);
  header(1).result = 0;
  const Exit exit = enter(EnterReason::host_call_done, 1);
  EXPECT_EQ(reason(1), "host attack: a page that was to be a thread's entry is not (EACCEPT)");
  expect_dead(exit);
}

TEST_F(AddedThread, IsDoneWithoutWhenTheHostRefuses) {
  second_ = second_until(hostcall::Call::thread_make);
  ASSERT_TRUE(calls(second_, hostcall::Call::thread_make, 1)) << reason(1);
  header(1).result = -static_cast<int64_t>(wasi::Errno::nomem);
  EXPECT_EQ(serve(enter(EnterReason::host_call_done, 1), never, 1).rdi,
            static_cast<uint64_t>(ExitReason::finished))
      << reason(1);
  EXPECT_EQ(serve(first_).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

TEST_F(InterruptedEnclave, DiesWhenItIsStartedAgainInTheMiddle) {
  expect_dead(enter(EnterReason::start));
}

TEST_F(InterruptedEnclave, EndsAtItsNextExceptionWhenAnotherThreadHasAbortedIt) {
  expect_dead(enter(EnterReason::host_call_done, 1));
  const Exit exit = enter(EnterReason::handle_exception);
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::dead));
}

TEST_F(EnclaveEntry, IsRefusedAnEresumeWhereNothingWasInterrupted) {
  ASSERT_TRUE(at_host_call(enter(EnterReason::start)));
  const Exit exit = enter(EnterReason::host_call_done, 0, kEresume);
  EXPECT_EQ(exit.function, kEresume);
  EXPECT_EQ(exit.vector, static_cast<uint16_t>(sgx::Vector::gp));
}

TEST_F(InterruptedEnclave, IsRefusedASecondEresumeOfAFrameThatWasResumed) {
  ASSERT_EQ(protect_heap(PROT_READ | PROT_WRITE), 0);
  const Exit exit = serve(interrupted_, at_host_call);
  ASSERT_TRUE(at_host_call(exit)) << reason();
  const Exit stale = enter(EnterReason::handle_exception, 0, kEresume);
  EXPECT_EQ(stale.function, kEresume);
  EXPECT_EQ(stale.vector, static_cast<uint16_t>(sgx::Vector::gp));
  EXPECT_EQ(serve(exit).rdi, static_cast<uint64_t>(ExitReason::finished)) << reason();
}

// The host makes the handler itself fault, on a page that it needs, and enters once more.
TEST_F(InterruptedEnclave, DiesWhenItIsEnteredWhileTheHandlerIsInterrupted) {
  const uint64_t stack = enclave_->tcs_address(0) + thread_block_layout(enclave_->note()).exception_stack;
  const uint64_t size = enclave_->note().exception_stack_size;
  constexpr uint64_t kNested = 16 * 1024;  // the top, for a fault in the handler, stays
  ASSERT_EQ(enclave_->driver().protect(stack, size - kNested, PROT_NONE), 0);
  const Exit faulted = enter(EnterReason::handle_exception);
  ASSERT_EQ(faulted.function, kEresume);
  ASSERT_GE(faulted.address, stack & ~(kPageSize - 1));
  ASSERT_LT(faulted.address, stack + size);
  const Exit exit = enter(EnterReason::handle_exception);
  EXPECT_TRUE(reason().starts_with("host attack: the host took away a page of the exception handler"))
      << reason();
  EXPECT_EQ(exit.rdi, static_cast<uint64_t>(ExitReason::dead));
  // CSSA stays 2: neither the handler nor what it interrupted goes on, and other threads end too.
  EXPECT_EQ(enter(EnterReason::handle_exception).rdi, static_cast<uint64_t>(ExitReason::dead));
  EXPECT_EQ(enter(EnterReason::start, 1).rdi, static_cast<uint64_t>(ExitReason::dead));
}

}  // namespace
}  // namespace twine

#include "emulator_test_enclave.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "host/image/measurement.h"
#include "host/image/signing_key.h"
#include "temporary_directory.h"

extern "C" const uint8_t test_enclave_code[];
extern "C" const uint8_t test_enclave_code_end[];
extern "C" const twine::test::TrappingInstruction test_trapping_instructions[];
extern "C" const twine::test::TrappingInstruction test_trapping_instructions_end[];

namespace twine::test {
namespace {

using Page = std::array<uint8_t, sgx::kEpcPageSize>;
struct alignas(4096) AlignedPage {
  Page bytes{};
};

const image::SigningKey& signing_key(bool second) {
  static const auto keys = [] {
    std::array<std::unique_ptr<image::SigningKey>, 2> made;
    for (auto& key : made) {
      auto generated = image::SigningKey::generate();
      if (!generated) std::abort();
      key = std::make_unique<image::SigningKey>(std::move(*generated));
    }
    return made;
  }();
  return *keys[second ? 1 : 0];
}

Exit* current_exit(sgx_enclave_run* run) {
  return reinterpret_cast<Exit*>(run->user_data);
}

int capture(long rdi, long rsi, long rdx, long rsp, long r8, long r9, sgx_enclave_run* run) {
  Exit& exit = *current_exit(run);
  exit.rdi = static_cast<uint64_t>(rdi);
  exit.rsi = static_cast<uint64_t>(rsi);
  exit.rdx = static_cast<uint64_t>(rdx);
  exit.rsp = static_cast<uint64_t>(rsp);
  exit.r8 = static_cast<uint64_t>(r8);
  exit.r9 = static_cast<uint64_t>(r9);
  return 0;
}

// Enters with the stack pointer where it was at every other entry of this thread: code that is left by AEX in
// one call and resumed in another leaves the enclave with the stack pointer it was entered with (driver.h).
[[gnu::noinline]] int enter_at_fixed_depth(host::sgx::Driver& driver, uint32_t function, uint64_t rdi,
                                           uint64_t rsi, uint64_t rdx, uint64_t r8, uint64_t r9,
                                           sgx_enclave_run* run) {
  constexpr uint64_t kDepth = 32768;
  const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  thread_local const uint64_t fixed = here - kDepth;
  void* const padding = __builtin_alloca(here - fixed);
  asm volatile("" : : "r"(padding) : "memory");
  return driver.enter(rdi, rsi, rdx, function, r8, r9, run);
}

constexpr uint64_t kReg = sgx::secinfo_page_type(sgx::PageType::reg);

}  // namespace

std::span<const TrappingInstruction> trapping_instructions() {
  return {test_trapping_instructions, test_trapping_instructions_end};
}

std::string test_platform_secret() {
  static const testing::TemporaryDirectory directory;
  return directory / "platform-secret";
}

std::unique_ptr<TestEnclave> TestEnclave::prepare(const TestEnclaveOptions& options) {
  auto enclave = std::make_unique<TestEnclave>();
  enclave->options_ = options;
  auto driver = host::sgx::open_emulated_driver({.epc_bytes = options.epc_bytes,
                                                 .reclaim = options.reclaim,
                                                 .platform_secret_path = test_platform_secret()});
  if (!driver) {
    ADD_FAILURE() << driver.error().message;
    return nullptr;
  }
  enclave->driver_ = std::move(*driver);
  const Result<uint64_t> base = enclave->driver_->reserve(options.size);
  if (!base) {
    ADD_FAILURE() << base.error().message;
    return nullptr;
  }
  enclave->base_ = *base;

  auto secs = std::make_unique<sgx::Secs>();
  secs->size = options.size;
  secs->baseaddr = *base;
  secs->ssaframesize = 1;
  secs->miscselect = options.miscselect;
  secs->attributes = {.flags = options.attribute_flags, .xfrm = sgx::kXfrmLegacy | sgx::kXfrmAvx};
  EXPECT_EQ(enclave->driver_->create({.src = reinterpret_cast<uint64_t>(secs.get())}), 0);
  if (options.provision) EXPECT_EQ(enclave->driver_->provision(), 0);

  image::Measurement measurement(secs->ssaframesize, secs->size);
  const auto add = [&](uint64_t offset, const Page& content, uint64_t flags, bool measure = true) {
    const auto page = std::make_unique<AlignedPage>(AlignedPage{content});
    const sgx::Secinfo secinfo{.flags = flags, .reserved = {}};
    sgx_enclave_add_pages argument{};
    argument.src = reinterpret_cast<uint64_t>(page.get());
    argument.offset = offset;
    argument.length = sgx::kEpcPageSize;
    argument.secinfo = reinterpret_cast<uint64_t>(&secinfo);
    argument.flags = measure ? SGX_PAGE_MEASURE : 0;
    EXPECT_EQ(enclave->driver_->add_pages(argument), 0) << std::hex << offset;
    EXPECT_EQ(argument.count, sgx::kEpcPageSize);
    measurement.add_page(offset, flags);
    if (measure) measurement.extend_page(offset, page->bytes);
  };
  Page code{};
  if (static_cast<size_t>(test_enclave_code_end - test_enclave_code) > code.size()) std::abort();
  std::memcpy(code.data(), test_enclave_code, static_cast<size_t>(test_enclave_code_end - test_enclave_code));
  add(kCodePage, code, kReg | sgx::kSecinfoR | sgx::kSecinfoX);
  for (const uint64_t offset : {kTcs, kSecondTcs}) {
    sgx::Tcs tcs{};
    tcs.ossa = offset + 0x1000;
    tcs.nssa = 3;
    tcs.oentry = kCodePage;
    tcs.ofsbasgx = kData;
    tcs.ogsbasgx = kReadOnly;
    Page content{};
    std::memcpy(content.data(), &tcs, sizeof tcs);
    add(offset, content, sgx::secinfo_page_type(sgx::PageType::tcs));
    for (uint64_t frame = 0; frame < tcs.nssa; ++frame) {
      add(tcs.ossa + frame * sgx::kEpcPageSize, Page{}, kReg | sgx::kSecinfoR | sgx::kSecinfoW);
    }
  }
  add(kData, Page{}, kReg | sgx::kSecinfoR | sgx::kSecinfoW, options.measure_data);
  add(kReadOnly, Page{7}, kReg | sgx::kSecinfoR);
  enclave->mrenclave_ = measurement.finish();

  enclave->sigstruct_ = image::make_sigstruct(
      enclave->mrenclave_, {.date = 0x20250101, .isv_prod_id = 9, .isv_svn = options.isv_svn});
  enclave->sigstruct_.attributes = {.flags = options.attribute_flags, .xfrm = sgx::kXfrmLegacy};
  enclave->sigstruct_.attributemask = {.flags = ~uint64_t{0} & ~sgx::kAttributeInit,
                                       .xfrm = sgx::kXfrmLegacy};
  enclave->sigstruct_.miscselect = options.miscselect;
  enclave->sigstruct_.miscmask = options.miscselect;
  enclave->sign();
  return enclave;
}

void TestEnclave::sign() {
  const Result<void> signed_now = signing_key(options_.sign_with_second_key).sign(sigstruct_);
  EXPECT_TRUE(signed_now) << signed_now.error().message;
}

int TestEnclave::init() {
  return driver_->init({.sigstruct = reinterpret_cast<uint64_t>(&sigstruct_)});
}

void TestEnclave::map_all() {
  constexpr int kRw = PROT_READ | PROT_WRITE;
  EXPECT_EQ(driver_->map(at(kCodePage), 0x1000, PROT_READ | PROT_EXEC), 0);
  EXPECT_EQ(driver_->map(at(kTcs), 0x5000, kRw), 0);
  EXPECT_EQ(driver_->map(at(kReadOnly), 0x1000, PROT_READ), 0);
  EXPECT_EQ(driver_->map(at(kSecondTcs), 0x4000, kRw), 0);
  EXPECT_EQ(driver_->map(at(kDynamic), kDynamicSize, kRw), 0);
  EXPECT_EQ(driver_->map(at(kDynamicCode), kDynamicSize, kRw | PROT_EXEC), 0);
}

std::unique_ptr<TestEnclave> TestEnclave::make(const TestEnclaveOptions& options) {
  auto enclave = prepare(options);
  if (enclave == nullptr) return nullptr;
  const int result = enclave->init();
  EXPECT_EQ(result, 0) << host::sgx::describe("SGX_IOC_ENCLAVE_INIT", result);
  if (result != 0) return nullptr;
  enclave->map_all();
  return enclave;
}

Exit TestEnclave::run(uint32_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint64_t r8, uint64_t r9,
                      uint64_t tcs) {
  Exit exit;
  sgx_enclave_run state{};
  state.tcs = at(tcs);
  state.user_handler = reinterpret_cast<uint64_t>(&capture);
  state.user_data = reinterpret_cast<uint64_t>(&exit);
  exit.result = enter_at_fixed_depth(*driver_, function, rdi, rsi, rdx, r8, r9, &state);
  exit.function = state.function;
  exit.vector = state.exception_vector;
  exit.error_code = state.exception_error_code;
  exit.address = state.exception_addr;
  return exit;
}

Exit TestEnclave::enter(Do what, uint64_t rsi, uint64_t rdx, uint64_t r8, uint64_t r9, uint64_t tcs) {
  return run(kEenter, static_cast<uint64_t>(what), rsi, rdx, r8, r9, tcs);
}

Exit TestEnclave::handle(uint64_t skip, bool fault, uint64_t tcs) {
  return run(kEenter, fault ? 1 : 0, skip, 0, 0, 0, tcs);
}

Exit TestEnclave::drop_frame(uint64_t tcs) {
  return run(kEenter, 2, 0, 0, 0, 0, tcs);
}

Exit TestEnclave::resume(uint64_t tcs) {
  return run(kEresume, 0, 0, 0, 0, 0, tcs);
}

void TestEnclave::copy_in(uint64_t offset, const void* source, size_t size) {
  EXPECT_EQ(enter(Do::memory, at(offset), size, reinterpret_cast<uint64_t>(source)).function, kEexit);
}

void TestEnclave::copy_out(uint64_t offset, void* destination, size_t size) {
  EXPECT_EQ(enter(Do::memory, reinterpret_cast<uint64_t>(destination), size, at(offset)).function, kEexit);
}

uint64_t TestEnclave::put_secinfo(uint64_t flags) {
  const sgx::Secinfo secinfo{.flags = flags, .reserved = {}};
  copy_in(kData, &secinfo, sizeof secinfo);
  return at(kData);
}

Exit TestEnclave::accept_pending(uint64_t offset) {
  const uint64_t secinfo = put_secinfo(kReg | sgx::kSecinfoR | sgx::kSecinfoW | sgx::kSecinfoPending);
  return enclu(sgx::Enclu::eaccept, secinfo, at(offset));
}

}  // namespace twine::test

// A small enclave for the emulator's tests, built page by page through the driver interface, as a loader would.
//
//   offset    page
//   0x0000    emulator_enclave.S, R|X
//   0x1000    TCS, followed by its three SSA frames of one page each
//   0x5000    data, R|W
//   0x6000    data, R
//   0x8000    a second TCS with its three SSA frames
//   0x10000   16 pages of VMA R|W without pages: EAUG on first touch
//   0x20000   16 pages of VMA R|W|X without pages
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/result.h"
#include "common/sgx/arch.h"
#include "host/image/sigstruct.h"
#include "host/sgx/driver.h"

namespace twine::test {

inline constexpr uint64_t kCodePage = 0x0000;
inline constexpr uint64_t kTcs = 0x1000;
inline constexpr uint64_t kSsa = 0x2000;
inline constexpr uint64_t kData = 0x5000;
inline constexpr uint64_t kReadOnly = 0x6000;
inline constexpr uint64_t kSecondTcs = 0x8000;
inline constexpr uint64_t kDynamic = 0x10000;
inline constexpr uint64_t kDynamicCode = 0x20000;
inline constexpr uint64_t kDynamicSize = 0x10000;

// What emulator_enclave.S does for each value of RDI.
enum class Do : uint64_t {
  echo,
  leaf,
  load,
  store,
  ud2,
  divide,
  cpuid,
  syscall,
  call,
  spin,
  bases,
  int3,
  hlt,
  registers,
  memory,
  vectors,
  count,
  trapping,
};

struct TestEnclaveOptions {
  uint64_t size = uint64_t{1} << 20;
  uint32_t miscselect = sgx::kMiscExinfo;
  uint64_t attribute_flags = sgx::kAttributeMode64Bit;
  uint16_t isv_svn = 3;
  uint64_t epc_bytes = uint64_t{1} << 30;  // enclaves of one size and policy share one EPC
  bool reclaim = true;
  bool measure_data = true;  // another MRENCLAVE, same signer
  bool provision = false;
  bool sign_with_second_key = false;
};

// What left the enclave at an EEXIT, or what the entry function reported.
struct Exit {
  int result = 0;  // of enter()
  uint64_t rdi = 0, rsi = 0, rdx = 0, rsp = 0, r8 = 0, r9 = 0;
  uint32_t function = 0;  // leaf number in sgx_enclave_run
  uint16_t vector = 0;
  uint16_t error_code = 0;
  uint64_t address = 0;
};

inline constexpr uint32_t kEenter = 2;
inline constexpr uint32_t kEresume = 3;
inline constexpr uint32_t kEexit = 4;

class TestEnclave {
 public:
  // Everything up to EINIT, which must succeed.
  static std::unique_ptr<TestEnclave> make(const TestEnclaveOptions& options = {});
  // Everything before EINIT; sigstruct() is what init() will use and may be changed first.
  static std::unique_ptr<TestEnclave> prepare(const TestEnclaveOptions& options = {});

  [[nodiscard]] int init();
  // After init: the VMAs of the table above.
  void map_all();

  [[nodiscard]] host::sgx::Driver& driver() { return *driver_; }
  [[nodiscard]] uint64_t base() const { return base_; }
  [[nodiscard]] uint64_t at(uint64_t offset) const { return base_ + offset; }
  [[nodiscard]] sgx::Sigstruct& sigstruct() { return sigstruct_; }
  [[nodiscard]] const image::Mrenclave& mrenclave() const { return mrenclave_; }
  // Signs the (changed) SIGSTRUCT again.
  void sign();

  // EENTER on the TCS at offset `tcs`.
  Exit enter(Do what, uint64_t rsi = 0, uint64_t rdx = 0, uint64_t r8 = 0, uint64_t r9 = 0,
             uint64_t tcs = kTcs);
  // EENTER of the exception handler, which skips `skip` bytes; with `fault`, it faults first.
  Exit handle(uint64_t skip, bool fault = false, uint64_t tcs = kTcs);
  // EENTER of the exception handler, which drops the interrupted frame (EDECCSSA).
  Exit drop_frame(uint64_t tcs = kTcs);
  Exit resume(uint64_t tcs = kTcs);
  // ENCLU[leaf] inside.
  Exit enclu(sgx::Enclu leaf, uint64_t rbx, uint64_t rcx, uint64_t rdx = 0) {
    return enter(Do::leaf, rbx, rcx, static_cast<uint64_t>(leaf), rdx);
  }

  // Copies into (out of) the enclave by running its `memory` routine.
  void copy_in(uint64_t offset, const void* source, size_t size);
  void copy_out(uint64_t offset, void* destination, size_t size);

  // Puts a SECINFO at the start of the data page and gives its address.
  uint64_t put_secinfo(uint64_t flags);
  // EACCEPT of an EAUGed page: R|W, pending.
  Exit accept_pending(uint64_t offset);

 private:
  Exit run(uint32_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint64_t r8, uint64_t r9,
           uint64_t tcs);

  std::unique_ptr<host::sgx::Driver> driver_;
  uint64_t base_ = 0;
  sgx::Sigstruct sigstruct_{};
  image::Mrenclave mrenclave_{};
  TestEnclaveOptions options_;
};

// The instructions of emulator_enclave.S that fault in an enclave.
struct TrappingInstruction {
  uint64_t offset;  // in the code page, for Do::trapping
  uint64_t length;
  uint64_t vector;  // the fault
  const char* text;
};
std::span<const TrappingInstruction> trapping_instructions();

// A folder's path for the platform secret that the test process shares.
std::string test_platform_secret();

}  // namespace twine::test

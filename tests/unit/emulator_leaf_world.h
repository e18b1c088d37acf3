// An enclave made by leaf functions alone, for tests that put one leaf on trial: no driver, no signals, no code
// that runs. A World is brought to the stage that the leaf needs, with operands for which it succeeds; a test
// then spoils one thing and carries the leaf out.
//
//   offset    page
//   0x00000   code, R|X: CPUID at 0x10, so that it has a patch
//   0x01000   TCS, followed by its three SSA frames of one page each
//   0x05000   operands, R|W: SECINFO or another structure at +0, results at +0x800
//   0x06000   more operands, R|W
//   0x07000   data, R
//   0x08000   a second TCS; its three SSA frames
//   0x10000   after EINIT: a page just EAUGed
//   0x11000   after EINIT: accepted, R|W, filled with 5AH
//   0x12000   after EINIT: EMODPRed to R, not accepted
//   0x13000   after EINIT: EMODTed to TRIM, not accepted
//   0x14000   after EINIT: EMODTed to TRIM, accepted
//   0x15000   after EINIT: EMODTed to TCS, not accepted
//   0x18000   no page; EAUG by whoever touches it
//   0x30000   no page, no VMA
// VMAs are R|W|X over [0, 0x20000). Tracking (ETRACK) is complete.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "common/sgx/arch.h"
#include "host/emulator/enclave.h"
#include "host/emulator/leaves.h"

namespace twine::test {

namespace emulator = host::emulator;

class World {
 public:
  // What has been done before the leaf on trial.
  enum class Stage : uint8_t {
    nothing,
    created,      // ECREATE
    built,        // EADD and EEXTEND of the pages
    initialised,  // EINIT, and the pages of SGX2
    entered,      // EENTER on the first TCS
    exited,       // EENTER, then AEX by an interrupt
  };

  static constexpr uint64_t kSize = 0x40000;
  static constexpr uint64_t kCode = 0x0000;
  static constexpr uint64_t kTcs = 0x1000;
  static constexpr uint64_t kSsa = 0x2000;
  static constexpr uint64_t kOperands = 0x5000;
  static constexpr uint64_t kMoreOperands = 0x6000;
  static constexpr uint64_t kReadOnly = 0x7000;
  static constexpr uint64_t kSecondTcs = 0x8000;
  static constexpr uint64_t kPending = 0x10000;
  static constexpr uint64_t kAccepted = 0x11000;
  static constexpr uint64_t kRestricted = 0x12000;
  static constexpr uint64_t kTrim = 0x13000;
  static constexpr uint64_t kTrimmed = 0x14000;
  static constexpr uint64_t kNewTcs = 0x15000;
  static constexpr uint64_t kEmpty = 0x18000;
  static constexpr uint64_t kHole = 0x30000;
  static constexpr uint64_t kNotCanonical = uint64_t{1} << 47;
  static constexpr uint64_t kAep = 0x400000;
  static constexpr uint64_t kNextRip = 0x400103;
  static constexpr uint64_t kHostFs = 0x7000;
  static constexpr uint64_t kHostGs = 0x8000;

  // The same secret, the same platform.
  explicit World(uint8_t secret = 0x5e);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() = default;

  // Brings a fresh World to `stage`. The SECS asks for `attribute_flags`.
  void reach(Stage stage, uint64_t attribute_flags = sgx::kAttributeMode64Bit);

  [[nodiscard]] uint64_t at(uint64_t offset) const { return base + offset; }
  [[nodiscard]] emulator::EpcmEntry& entry(uint64_t offset) { return enclave.epcm.at(at(offset)); }
  [[nodiscard]] sgx::Tcs& tcs(uint64_t offset = kTcs) { return enclave.tcs_at(at(offset)).tcs; }
  [[nodiscard]] uint64_t& flags() { return enclave.secs.attributes.flags; }
  [[nodiscard]] emulator::Registers& registers() { return cpu.registers; }

  // Memory of the enclave, whatever its protection.
  template <typename T>
  void put(uint64_t offset, const T& object) {
    write(offset, &object, sizeof object);
  }
  template <typename T>
  [[nodiscard]] T get(uint64_t offset) const {
    T object;
    read(offset, &object, sizeof object);
    return object;
  }
  // Changes an operand in place.
  template <typename T, typename Change>
  void change(uint64_t offset, Change change_object) {
    T object = get<T>(offset);
    change_object(object);
    put(offset, object);
  }
  void put_secinfo(uint64_t secinfo_flags) {
    put(kOperands, sgx::Secinfo{.flags = secinfo_flags, .reserved = {}});
  }

  // Takes a page and its VMA away, as a host does behind the enclave's back.
  void remove(uint64_t offset);
  // Takes only the VMA away.
  void unmap(uint64_t offset);
  void protect(uint64_t offset, int protection);

  // GPRSGX of SSA frame `index` of the first TCS.
  [[nodiscard]] uint64_t gpr_offset(uint32_t index = 0) const;
  void change_gpr(void (*change_gpr)(sgx::SsaGpr&), uint32_t index = 0);

  // Signs `sigstruct` (anew).
  void sign();
  // Gives `token` the MAC of this platform's launch key.
  void seal_token();

  // EADD as a driver calls it, with EEXTEND of the whole page.
  void add(uint64_t offset, uint64_t secinfo_flags, const std::array<uint8_t, sgx::kEpcPageSize>& content);

  emulator::Platform platform;
  emulator::Epc epc;
  emulator::Enclave enclave;
  emulator::Processor cpu;
  uint64_t base = 0;

  // Operands of the ENCLS leaves.
  sgx::Secs secs{};
  sgx::Secinfo secinfo{};
  uint64_t linaddr = 0;
  std::array<uint8_t, sgx::kEpcPageSize> page{};
  sgx::Sigstruct sigstruct{};
  sgx::Einittoken token{};
  std::array<uint8_t, 32> lepubkeyhash{};
  uint64_t value = 0;

  // State that a leaf which fails must leave alone.
  struct Snapshot {
    std::vector<emulator::EpcmEntry> epcm;
    std::vector<sgx::Tcs> threads;
    std::vector<bool> active;
    sgx::Secs secs;
    emulator::Registers registers;
    bool inside;
  };
  [[nodiscard]] Snapshot snapshot();
  // What of it has changed, but for RAX and RFLAGS after an `error`; empty: nothing.
  [[nodiscard]] static std::string difference(const Snapshot& before, const Snapshot& after, bool error);

 private:
  void write(uint64_t offset, const void* source, size_t size);
  void read(uint64_t offset, void* destination, size_t size) const;
  void build();
  void add_dynamic_pages();

  bool has_epcm_ = false;
  alignas(64) std::array<uint8_t, 4096> extended_{};
};

}  // namespace twine::test

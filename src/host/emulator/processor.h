// One logical processor, as the leaf functions see it: registers, extended state, and whether it is in
// enclave mode.
//
// The trap layer fills it from a signal frame before a leaf and writes it back after; nothing here knows of
// signals. What a leaf may change of the outside world, it changes here.
#pragma once

#include <array>
#include <cstdint>

#include "host/emulator/outcome.h"

namespace twine::host::emulator {

class Enclave;
struct TcsState;

// In the order of GPRSGX, which an AEX copies them to.
struct Registers {
  uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
  uint64_t rflags;
  uint64_t rip;
  uint64_t fsbase;
  uint64_t gsbase;
};

inline constexpr uint64_t kFlagCf = uint64_t{1} << 0;
inline constexpr uint64_t kFlagPf = uint64_t{1} << 2;
inline constexpr uint64_t kFlagAf = uint64_t{1} << 4;
inline constexpr uint64_t kFlagZf = uint64_t{1} << 6;
inline constexpr uint64_t kFlagSf = uint64_t{1} << 7;
inline constexpr uint64_t kFlagTf = uint64_t{1} << 8;
inline constexpr uint64_t kFlagOf = uint64_t{1} << 11;
inline constexpr uint64_t kFlagRf = uint64_t{1} << 16;
inline constexpr uint64_t kFlagsStatus = kFlagCf | kFlagPf | kFlagAf | kFlagZf | kFlagSf | kFlagOf;

// Where the components of the standard (not compacted) XSAVE format lie on this machine: CPUID leaf 0DH. The
// offsets above AVX differ between vendors.
class XsaveLayout {
 public:
  XsaveLayout();  // asks the processor

  // Bytes of the area for the features in `xfrm`: legacy region, header and the components.
  [[nodiscard]] uint64_t size(uint64_t xfrm) const;
  [[nodiscard]] uint32_t offset(unsigned component) const { return offsets_[component]; }
  [[nodiscard]] uint32_t bytes(unsigned component) const { return sizes_[component]; }
  // XCR0 of this machine.
  [[nodiscard]] uint64_t xcr0() const { return xcr0_; }

 private:
  std::array<uint32_t, 64> offsets_{};
  std::array<uint32_t, 64> sizes_{};
  uint64_t xcr0_ = 0;
};

inline constexpr uint64_t kXsaveLegacySize = 512;
inline constexpr uint64_t kXsaveHeaderSize = 64;
// The largest XSAVE area that a legal SECS can need here: components up to PKRU.
inline constexpr uint64_t kMaxXsaveSize = 4096;

// The extended state of the interrupted code, in a signal frame: an XSAVE area of the standard format.
struct ExtendedState {
  uint8_t* area = nullptr;
  uint64_t features = 0;  // components that the frame holds

  // XSAVE to `destination` with the mask `xfrm`.
  void save(const XsaveLayout& layout, uint64_t xfrm, uint8_t* destination) const;
  // XRSTOR from `source` with XCR0 = `xfrm`: #GP(0) if the image is not one that XSAVE can have made; then
  // nothing is changed.
  Outcome restore(const XsaveLayout& layout, uint64_t xfrm, const uint8_t* source);
  // Puts every component of `xfrm` into its initial state (MXCSR 1F80H, FCW 037FH).
  void initialise(uint64_t xfrm);
  // What the synthetic state of an AEX shows of the exception that caused it: #MF in FCW (037EH) and FSW
  // (8081H), #XM in MXCSR (1F01H).
  void show_x87_exception();
  void show_simd_exception();
};

struct Processor {
  Registers registers{};
  ExtendedState extended;
  Enclave* enclave = nullptr;  // CR_ACTIVE_SECS: not null in enclave mode
  TcsState* tcs = nullptr;     // CR_TCS_PA
  // What an exit restores: CR_SAVE_FS, CR_SAVE_GS.
  uint64_t save_fs = 0;
  uint64_t save_gs = 0;
  // What an AEX restores where the SSA frame is no more: RSP and RBP outside.
  uint64_t save_rsp = 0;
  uint64_t save_rbp = 0;
  bool debug_optin = false;  // TCS.FLAGS.DBGOPTIN of a debug enclave
  bool save_tf = false;      // CR_SAVE_TF

  [[nodiscard]] bool in_enclave() const { return enclave != nullptr; }
};

// 48-bit canonical form; 57-bit addresses are not used by this project.
constexpr bool is_canonical(uint64_t address) {
  const int64_t sign = static_cast<int64_t>(address << 16) >> 16;
  return static_cast<uint64_t>(sign) == address;
}

}  // namespace twine::host::emulator

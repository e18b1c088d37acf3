// An entry by a host that fills every register it has, and looks into every one afterwards (garbage_entry.S).
#pragma once

#include <asm/sgx.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace twine {

// The general registers that pass through __vdso_sgx_enter_enclave in at least one direction. RAX, RBX, RCX are ENCLU's operands.
struct PassedRegisters {
  uint64_t rdi, rsi, rdx, r8, r9, r10, r11, r12, r13, r14, r15;
};

// An XSAVE area in standard form, larger than that of any processor without AMX.
struct alignas(64) ExtendedArea {
  std::array<uint8_t, 8192> bytes;
};

struct GarbageEntry {
  uint64_t function = 0;           // 0x00
  uint64_t entry = 0;              // 0x08  a function of vdso_sgx_enter_enclave_t
  sgx_enclave_run* run = nullptr;  // 0x10
  uint64_t flags = 0;              // 0x18
  PassedRegisters in{};            // 0x20
  PassedRegisters out{};           // 0x78
  uint64_t flags_out = 0;          // 0xd0
  ExtendedArea saved{};            // 0x100  the test's own, given back afterwards
  ExtendedArea garbage{};
  ExtendedArea state_out{};
};
static_assert(offsetof(GarbageEntry, run) == 16 && offsetof(GarbageEntry, in) == 32 &&
              offsetof(GarbageEntry, out) == 120 && offsetof(GarbageEntry, flags_out) == 208 &&
              offsetof(GarbageEntry, saved) == 256);

extern "C" {
int garbage_entry(GarbageEntry* entry);
int garbage_exit(long rdi, long rsi, long rdx, long rsp, long r8, long r9, sgx_enclave_run* run);
}

constexpr size_t kXsaveMxcsr = 24;
constexpr size_t kXsaveBv = 512;
constexpr size_t kXsaveXcompBv = 520;

// x87: all eight registers full, every exception unmasked and one of them pending, single precision. MXCSR: every exception unmasked,
// rounding towards zero, flush to zero. Vector registers, opmasks: 0xa5. `components`: which of XCR0.
inline void fill_with_garbage(ExtendedArea& area, uint64_t components) {
  area.bytes.fill(0xa5);
  std::memset(area.bytes.data() + kXsaveBv, 0, 64);
  std::memcpy(area.bytes.data() + kXsaveBv, &components, sizeof components);
  constexpr uint16_t kControl = 0x0000;
  constexpr uint16_t kStatus = 0x8081;
  constexpr uint32_t kMxcsr = 0xe000;
  std::memcpy(area.bytes.data(), &kControl, sizeof kControl);
  std::memcpy(area.bytes.data() + 2, &kStatus, sizeof kStatus);
  area.bytes[4] = 0xff;
  std::memcpy(area.bytes.data() + kXsaveMxcsr, &kMxcsr, sizeof kMxcsr);
}

}  // namespace twine

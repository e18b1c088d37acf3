#include "host/emulator/processor.h"

#include <cpuid.h>

#include <algorithm>
#include <cstring>

namespace twine::host::emulator {
namespace {

constexpr uint64_t kMxcsrOffset = 24;
constexpr uint32_t kMxcsrInitial = 0x1f80;
constexpr uint64_t kXstateBvOffset = kXsaveLegacySize;
constexpr uint64_t kX87Size = 24;  // FCW .. FDP; MXCSR follows
constexpr uint64_t kMxcsrSize = 8;
constexpr uint64_t kStOffset = 32;
constexpr uint64_t kStSize = 128;
constexpr uint64_t kXmmOffset = 160;
constexpr uint64_t kXmmSize = 256;
constexpr unsigned kFirstExtended = 2;

uint64_t load64(const uint8_t* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

uint32_t load32(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Copies the components in `mask` from one standard-format area to another. Components are 0 x87, 1 SSE, then
// as CPUID places them.
void copy_components(const XsaveLayout& layout, uint64_t mask, const uint8_t* source, uint8_t* destination) {
  if ((mask & sgx::kXfrmX87) != 0) {
    std::memcpy(destination, source, kX87Size);
    std::memcpy(destination + kStOffset, source + kStOffset, kStSize);
  }
  if ((mask & sgx::kXfrmSse) != 0) std::memcpy(destination + kXmmOffset, source + kXmmOffset, kXmmSize);
  for (unsigned component = kFirstExtended; component < 63; ++component) {
    if (((mask >> component) & 1) == 0) continue;
    std::memcpy(destination + layout.offset(component), source + layout.offset(component),
                layout.bytes(component));
  }
}

}  // namespace

XsaveLayout::XsaveLayout() {
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_OSXSAVE) == 0) {
    xcr0_ = sgx::kXfrmLegacy;
    return;
  }
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  xcr0_ = (uint64_t{high} << 32) | low;
  for (unsigned component = kFirstExtended; component < 63; ++component) {
    if (((xcr0_ >> component) & 1) == 0) continue;
    __cpuid_count(0xd, component, eax, ebx, ecx, edx);
    sizes_[component] = eax;
    offsets_[component] = ebx;
  }
}

uint64_t XsaveLayout::size(uint64_t xfrm) const {
  uint64_t end = kXsaveLegacySize + kXsaveHeaderSize;
  for (unsigned component = kFirstExtended; component < 63; ++component) {
    if (((xfrm >> component) & 1) != 0)
      end = std::max(end, uint64_t{offsets_[component]} + sizes_[component]);
  }
  return end;
}

void ExtendedState::save(const XsaveLayout& layout, uint64_t xfrm, uint8_t* destination) const {
  const uint64_t requested = xfrm & features;
  const uint64_t in_use = load64(area + kXstateBvOffset) & requested;
  copy_components(layout, in_use, area, destination);
  if ((requested & (sgx::kXfrmSse | sgx::kXfrmAvx)) != 0) {
    std::memcpy(destination + kMxcsrOffset, area + kMxcsrOffset, kMxcsrSize);
  }
  // XSTATE_BV says which components were not in their initial state; XCOMP_BV and the rest of the header are
  // zero.
  std::memset(destination + kXstateBvOffset, 0, kXsaveHeaderSize);
  std::memcpy(destination + kXstateBvOffset, &in_use, sizeof in_use);
}

Outcome ExtendedState::restore(const XsaveLayout& layout, uint64_t xfrm, const uint8_t* source) {
  const uint64_t in_use = load64(source + kXstateBvOffset);
  if ((in_use & ~xfrm) != 0) return general_protection();
  const uint8_t* const rest = source + kXstateBvOffset + sizeof in_use;
  if (std::any_of(rest, rest + 16, [](uint8_t byte) { return byte != 0; })) return general_protection();
  const uint32_t mxcsr = load32(source + kMxcsrOffset);
  const uint32_t mxcsr_mask = load32(area + kMxcsrOffset + 4);  // MXCSR_MASK, as the kernel's XSAVE wrote it
  if ((mxcsr & ~(mxcsr_mask != 0 ? mxcsr_mask : 0xffbf)) != 0) return general_protection();

  copy_components(layout, in_use, source, area);
  std::memcpy(area + kMxcsrOffset, &mxcsr, sizeof mxcsr);
  const uint64_t kept = load64(area + kXstateBvOffset) & ~xfrm;
  const uint64_t bitmap = kept | in_use;
  std::memcpy(area + kXstateBvOffset, &bitmap, sizeof bitmap);
  return done();
}

void ExtendedState::initialise(uint64_t xfrm) {
  // A clear bit in XSTATE_BV makes XRSTOR initialise the component, whatever its bytes say; MXCSR alone is
  // always loaded.
  const uint64_t bitmap = load64(area + kXstateBvOffset) & ~xfrm;
  std::memcpy(area + kXstateBvOffset, &bitmap, sizeof bitmap);
  std::memcpy(area + kMxcsrOffset, &kMxcsrInitial, sizeof kMxcsrInitial);
}

void ExtendedState::show_x87_exception() {
  constexpr uint16_t kFcw = 0x037e;
  constexpr uint16_t kFsw = 0x8081;
  std::memset(area, 0, kX87Size);
  std::memset(area + kStOffset, 0, kStSize);
  std::memcpy(area, &kFcw, sizeof kFcw);
  std::memcpy(area + sizeof kFcw, &kFsw, sizeof kFsw);
  const uint64_t bitmap = load64(area + kXstateBvOffset) | sgx::kXfrmX87;
  std::memcpy(area + kXstateBvOffset, &bitmap, sizeof bitmap);
}

void ExtendedState::show_simd_exception() {
  constexpr uint32_t kMxcsr = 0x1f01;
  std::memcpy(area + kMxcsrOffset, &kMxcsr, sizeof kMxcsr);
}

}  // namespace twine::host::emulator

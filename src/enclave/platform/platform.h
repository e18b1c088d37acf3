// What the rest of the enclave sees of the trusted machine it runs on: random numbers, identity, keys,
// features, the way out, and the end. SGX is named behind this interface only, in platform/sgx/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/entry.h"
#include "common/result.h"
#include "common/twm.h"

namespace twine::enclave {

// --- The end -------------------------------------------------------------------------------------------------------

// Aborts the enclave: writes `reason` to the arena, leaves with ExitReason::dead, and refuses every later
// entry of every thread. Callable anywhere, also on the exception stack. `reason` is shown to the user: it
// must hold nothing secret.
[[noreturn]] void panic(std::string_view reason);

// panic for want of memory: the host did not add a page that is being accepted (ExitReason::starved). On an
// honest host the enclave page cache is exhausted.
[[noreturn]] void panic_starved(std::string_view reason);

// panic("host attack: " + what): the host answered something that cannot be true.
[[noreturn]] void host_attack(std::string_view what);

// --- The door ------------------------------------------------------------------------------------------------------

// The untrusted memory this thread shares with the host: laid out as common/entry.h says. Checked at the
// first entry to be aligned, of kArenaSize bytes at least and wholly outside the enclave; never re-read from
// the host. Only hostcall/ uses it.
struct Arena {
  uint64_t address;
  uint64_t size;
};
[[nodiscard]] Arena arena();

// Leaves the enclave with ExitReason::host_call and returns when the host has entered again with
// host_call_done. The request stands in the arena before, and the reply is there after, both as untrusted as
// the host. Callee-saved registers, MXCSR and the x87 control word survive; all other extended state is
// cleared on both ways.
void exit_host_call();

// Whether [address, address + size) lies wholly inside, or wholly outside, the enclave's range. Ranges that
// wrap are neither.
[[nodiscard]] bool is_inside(uint64_t address, uint64_t size);
[[nodiscard]] bool is_outside(uint64_t address, uint64_t size);

// --- Random --------------------------------------------------------------------------------------------------------

// Fills `out` from the processor's generator (RDRAND), never from the host. Panics when the generator fails.
void random_bytes(std::span<uint8_t> out);

// --- Identity and keys ---------------------------------------------------------------------------------------------

// Who this enclave is, from a REPORT that the processor made for it at start.
struct Identity {
  std::array<uint8_t, 32> mrenclave;
  std::array<uint8_t, 32> mrsigner;
  uint64_t attribute_flags;  // SGX ATTRIBUTES, low half
  uint64_t xfrm;             // extended state that may be used
  uint32_t misc_select;
  uint16_t isv_prod_id;
  uint16_t isv_svn;
  std::array<uint8_t, 16> cpu_svn;

  // ATTRIBUTES.DEBUG: a debugger of the host's reads and writes this enclave, so it keeps no secret and is never to be trusted with one.
  // Evidence must say so; sealing keys are others than without it, by derivation.
  bool is_debug;
};
[[nodiscard]] const Identity& identity();

inline constexpr size_t kReportSize = 432;
inline constexpr size_t kTargetInfoSize = 512;
inline constexpr size_t kReportDataSize = 64;

// A REPORT (SDM vol. 3D, table "Layout of REPORT") for the enclave that `target_info` describes; it binds
// `report_data`.
[[nodiscard]] std::array<uint8_t, kReportSize> make_report(
    std::span<const uint8_t, kTargetInfoSize> target_info,
    std::span<const uint8_t, kReportDataSize> report_data);

// Whom a sealed blob is bound to.
enum class SealPolicy : uint8_t {
  this_enclave,  // MRENCLAVE: exactly this image
  this_signer,   // MRSIGNER: every image of the same signer and product
};

// What a seal key is derived from; stored, in clear, with the blob.
struct SealKeyRequest {
  SealPolicy policy;
  uint16_t isv_svn;                 // at most the enclave's own
  std::array<uint8_t, 16> cpu_svn;  // at most the processor's own
  std::array<uint8_t, 32> key_id;   // random, chosen by whoever seals
};
using SealKey = std::array<uint8_t, 16>;

// Errors: signature, when the request asks for a higher SVN than this enclave or processor has.
[[nodiscard]] Result<SealKey> seal_key(const SealKeyRequest& request);

// --- Processor features --------------------------------------------------------------------------------------------

// CpuFeature bits (common/twm.h) that code in this enclave may use: XFRM ∩ the checked CPUID table.
[[nodiscard]] uint64_t cpu_features();

}  // namespace twine::enclave

// What several leaf functions ask of a SECINFO, and of reserved bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "common/sgx/arch.h"
#include "host/emulator/outcome.h"

namespace twine::host::emulator {

inline bool all_zero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// SECINFO.FLAGS bits 7:6 and 63:16, and the bytes behind FLAGS.
inline bool reserved_is_zero(const sgx::Secinfo& secinfo) {
  constexpr uint64_t kDefined = sgx::kSecinfoRwx | sgx::kSecinfoPending | sgx::kSecinfoModified |
                                sgx::kSecinfoPr | sgx::kSecinfoPageTypeMask;
  return (secinfo.flags & ~kDefined) == 0 && all_zero(secinfo.reserved);
}

inline sgx::PageType page_type(const sgx::Secinfo& secinfo) {
  return static_cast<sgx::PageType>((secinfo.flags & sgx::kSecinfoPageTypeMask) >>
                                    sgx::kSecinfoPageTypeShift);
}

// W without R: refused wherever software chooses permissions.
inline bool writable_but_not_readable(uint64_t flags) {
  return (flags & sgx::kSecinfoW) != 0 && (flags & sgx::kSecinfoR) == 0;
}

}  // namespace twine::host::emulator

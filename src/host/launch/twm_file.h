// A look at a compiled module (common/twm.h) from outside: for the cache, for `inspect`, for better messages.
//
// Nothing depends on it for safety: the enclave checks all of it again, on its own copy.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "common/twm.h"

namespace twine::host {

struct TwmFile {
  TwmHeader header{};
  std::vector<TwmSection> sections;

  // The section's bytes in `file`, empty if there is none.
  [[nodiscard]] std::span<const uint8_t> section(TwmSectionKind kind, std::span<const uint8_t> file) const;
};

bool looks_like_twm(std::span<const uint8_t> file);
bool looks_like_wasm(std::span<const uint8_t> file);

// Header and section table, checked to lie inside the file. Errors: malformed, unsupported (another version).
Result<TwmFile> parse_twm(std::span<const uint8_t> file);

// Whether the signature is that of the key in the header, and the hash that of the Wasm section. Errors:
// signature.
Result<void> verify_twm(const TwmFile& twm, std::span<const uint8_t> file);

Sha256Digest sha256(std::span<const uint8_t> bytes);

std::string_view section_name(TwmSectionKind kind);

}  // namespace twine::host

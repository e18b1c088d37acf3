// Writes a compiled module in the format of common/twm.h, and signs it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codegen/llvm/signing.h"
#include "common/result.h"
#include "common/twm.h"

namespace twine::codegen {

struct TwmContents {
  std::span<const uint8_t> wasm;
  std::span<const uint8_t> image;
  TwmImageLayout layout{};
  std::span<const uint32_t> functions;
  std::span<const TwmThunks> thunks;
  std::span<const TwmLocation> locations;
  std::span<const TwmUnwind> unwind;
  std::string_view options;
  std::span<const TwmTail> tails;
  uint64_t features = 0;
  uint64_t cpu_features = 0;
  std::array<uint8_t, 32> enclave{};
};

// Errors: limit (file beyond kTwmMaxSize), and the signer's.
Result<std::vector<uint8_t>> write_twm(const TwmContents& contents, const Signer& signer);

}  // namespace twine::codegen

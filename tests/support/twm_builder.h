// Makes compiled modules by hand, right and wrong ones, and signs them. Their code is never run: the image
// holds INT3s.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "common/abi.h"
#include "common/image_layout.h"
#include "common/manifest.h"
#include "common/twm.h"

namespace twine::testing {

// An Ed25519 key pair, the same for the same seed.
struct SigningKey {
  explicit SigningKey(uint8_t seed);
  Ed25519PublicKey public_key{};
  std::array<uint8_t, 64> secret{};
};

// (module (func (export "f") (result i32) (i32.const 42))), with a name section that calls it "answer".
std::span<const uint8_t> sample_wasm();

class TwmBuilder {
 public:
  // A right file for sample_wasm(): one page of code with the function at 16, its thunks at 64 and 96, 32
  // bytes of data.
  TwmBuilder();

  TwmHeader header{};
  // By section kind, wasm first. resize() and element access as with any vector.
  std::array<std::vector<uint8_t>, 9> sections;

  [[nodiscard]] std::vector<uint8_t>& section(TwmSectionKind kind) {
    return sections[static_cast<size_t>(kind) - 1];
  }
  template <typename T>
  void set(TwmSectionKind kind, const std::vector<T>& items) {
    std::vector<uint8_t>& bytes = section(kind);
    bytes.resize(items.size() * sizeof(T));
    if (!items.empty()) std::memcpy(bytes.data(), items.data(), bytes.size());
  }

  // Called with the section table before it is written.
  std::function<void(std::span<TwmSection>)> change_table;
  // Called with the whole file before it is signed.
  std::function<void(std::vector<uint8_t>&)> change_file;

  // The file, signed. Header fields that follow from the sections are filled in unless `header` says
  // otherwise than zero.
  [[nodiscard]] std::vector<uint8_t> build(const SigningKey& key) const;
};

// Signs what `file` holds; the last 64 bytes are the signature.
void sign(std::vector<uint8_t>& file, const SigningKey& key);

// What a manifest says of this file, when the host tells the truth.
ManifestModule describe(std::span<const uint8_t> file, std::span<const uint8_t> wasm);

}  // namespace twine::testing

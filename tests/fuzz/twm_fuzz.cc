// Compiled modules whose signature is right but whose contents are anything: a faulty compiler, or an owner
// who attacks. The enclave reads them without harm, and what it accepts can be asked for names, locations and
// frames.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "enclave/runtime/compiled_module.h"
#include "support/twm_builder.h"

namespace {

// The first byte chooses: a right file with some bytes changed (three bytes an edit: offset, little end
// first, and value), which reaches the checks behind the first ones; or the file itself.
std::vector<uint8_t> file_from(std::span<const uint8_t> input, const twine::testing::SigningKey& key) {
  if (input.empty() || input[0] != 0) return {input.begin(), input.end()};
  std::vector<uint8_t> file = twine::testing::TwmBuilder().build(key);
  for (size_t i = 1; i + 2 < input.size(); i += 3) {
    const size_t offset = input[i] | size_t{input[i + 1]} << 8;
    if (offset < file.size()) file[offset] = input[i + 2];
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using twine::testing::SigningKey;
  static const SigningKey key(1);
  static const std::array<twine::Ed25519PublicKey, 1> accepted = {key.public_key};
  std::vector<uint8_t> file = file_from({data, size}, key);
  size = file.size();
  if (size < sizeof(twine::TwmHeader) + twine::kTwmSignatureSize) return 0;

  // What the fuzzer cannot guess is put right: key, size, hash of the Wasm section, signature.
  twine::TwmHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  std::ranges::copy(key.public_key, header.public_key);
  header.total_size = size;
  std::span<const uint8_t> wasm;
  if (size >= sizeof header + sizeof(twine::TwmSection)) {
    twine::TwmSection section;
    std::memcpy(&section, file.data() + sizeof header, sizeof section);
    if (section.offset <= size && section.size <= size - section.offset) {
      wasm = std::span(file).subspan(section.offset, section.size);
    }
  }
  const twine::Sha256Digest wasm_digest = twine::testing::describe({}, wasm).wasm_sha256;
  std::ranges::copy(wasm_digest, header.wasm_sha256);
  std::memcpy(file.data(), &header, sizeof header);
  twine::testing::sign(file, key);

  twine::ManifestModule expected = twine::testing::describe(file, wasm);
  expected.wasm_sha256 = wasm_digest;
  const auto module = twine::enclave::accept_module(std::move(file), expected,
                                                    {.accepted_signers = accepted,
                                                     .mrenclave = {},
                                                     .cpu_features = ~uint64_t{0},
                                                     .guest_stack_guard = uint64_t{1} << 20,
                                                     .wasm_features = {}});
  if (!module) return 0;
  for (uint32_t offset = 0; offset < 256; ++offset) {
    if (const auto function = (*module)->function_at(offset)) (void)(*module)->function_name(*function);
    (void)(*module)->wasm_offset_at(offset);
    (void)(*module)->cfa_at(offset);
  }
  return 0;
}

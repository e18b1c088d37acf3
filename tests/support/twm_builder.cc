#include "support/twm_builder.h"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace twine::testing {
namespace {

constexpr auto kSampleWasm = std::to_array<uint8_t>({
    0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00,                    // magic, version
    0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7F,                          // type 0: () → (i32)
    0x03, 0x02, 0x01, 0x00,                                            // function 0: type 0
    0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00,                          // export "f": function 0
    0x0A, 0x06, 0x01, 0x04, 0x00, 0x41, 0x2A, 0x0B,                    // code: i32.const 42
    0x00, 0x10, 0x04, 0x6E, 0x61, 0x6D, 0x65,                          // custom section "name"
    0x01, 0x09, 0x01, 0x00, 0x06, 0x61, 0x6E, 0x73, 0x77, 0x65, 0x72,  // functions: 0 "answer"
});

constexpr uint32_t kFunction = 16;
constexpr uint32_t kFunctionEnd = 48;
constexpr uint32_t kEntryThunk = 64;
constexpr uint32_t kHostThunk = 96;
constexpr uint64_t kDataSize = 32;
constexpr uint8_t kInt3 = 0xCC;

uint64_t aligned(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

std::array<uint8_t, 32> sha256_of(std::span<const uint8_t> bytes) {
  std::array<uint8_t, 32> digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace

SigningKey::SigningKey(uint8_t seed) {
  std::array<uint8_t, 32> seed_bytes;
  seed_bytes.fill(seed);
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed_bytes.data());
}

std::span<const uint8_t> sample_wasm() {
  return kSampleWasm;
}

TwmBuilder::TwmBuilder() {
  std::ranges::copy(kTwmMagic, header.magic);
  header.format_version = kTwmFormatVersion;
  header.abi_version = abi::kAbiVersion;
  header.features = kTwmGuardedMemory;
  header.section_count = static_cast<uint32_t>(sections.size());
  section(TwmSectionKind::wasm).assign(kSampleWasm.begin(), kSampleWasm.end());
  section(TwmSectionKind::image).assign(kPageSize + kDataSize, kInt3);
  set<TwmImageLayout>(TwmSectionKind::layout,
                      {{.code_size = kPageSize, .data_size = kDataSize, .max_frame = 8, .reserved = 0}});
  set<uint32_t>(TwmSectionKind::functions, {kFunction, kFunctionEnd});
  set<TwmThunks>(TwmSectionKind::thunks, {{.entry = kEntryThunk, .host = kHostThunk}});
  set<TwmLocation>(TwmSectionKind::locations, {{.code_offset = kFunction, .wasm_offset = 31}});
  set<TwmUnwind>(TwmSectionKind::unwind,
                 {{.code_offset = kFunction, .cfa = 8}, {.code_offset = kFunction + 1, .cfa = 16}});
  constexpr std::string_view options = "made by hand";
  section(TwmSectionKind::options).assign(options.begin(), options.end());
}

std::vector<uint8_t> TwmBuilder::build(const SigningKey& key) const {
  std::vector<TwmSection> table;
  uint64_t end = sizeof(TwmHeader) + sections.size() * sizeof(TwmSection);
  for (uint32_t i = 0; i < sections.size(); ++i) {
    const bool is_image = i + 1 == static_cast<uint32_t>(TwmSectionKind::image);
    const uint64_t offset = aligned(end, is_image ? kPageSize : 16);
    table.push_back({.kind = i + 1, .reserved = 0, .offset = offset, .size = sections[i].size()});
    end = offset + sections[i].size();
  }
  std::vector<uint8_t> file(end + kTwmSignatureSize);
  for (size_t i = 0; i < sections.size(); ++i) {
    std::ranges::copy(sections[i], file.begin() + static_cast<ptrdiff_t>(table[i].offset));
  }
  if (change_table) change_table(table);
  std::memcpy(file.data() + sizeof(TwmHeader), table.data(), table.size() * sizeof(TwmSection));

  TwmHeader written = header;
  if (written.total_size == 0) written.total_size = file.size();
  if (std::ranges::all_of(written.wasm_sha256, [](uint8_t byte) { return byte == 0; })) {
    std::ranges::copy(sha256_of(sections[0]), written.wasm_sha256);
  }
  std::ranges::copy(key.public_key, written.public_key);
  std::memcpy(file.data(), &written, sizeof written);
  if (change_file) change_file(file);
  sign(file, key);
  return file;
}

void sign(std::vector<uint8_t>& file, const SigningKey& key) {
  const size_t size = file.size() - kTwmSignatureSize;
  crypto_sign_detached(file.data() + size, nullptr, file.data(), size, key.secret.data());
}

ManifestModule describe(std::span<const uint8_t> file, std::span<const uint8_t> wasm) {
  return {.name = "app",
          .kind = ModuleKind::twm,
          .size = file.size(),
          .sha256 = sha256_of(file),
          .wasm_sha256 = sha256_of(wasm)};
}

}  // namespace twine::testing

#include "host/launch/twm_file.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "codegen/llvm/signing.h"
#include "common/abi.h"

namespace twine::host {
namespace {

constexpr uint8_t kWasmMagic[] = {0x00, 'a', 's', 'm'};

bool starts_with(std::span<const uint8_t> file, std::span<const uint8_t> magic) {
  return file.size() >= magic.size() && std::ranges::equal(file.first(magic.size()), magic);
}

}  // namespace

std::span<const uint8_t> TwmFile::section(TwmSectionKind kind, std::span<const uint8_t> file) const {
  for (const TwmSection& section : sections) {
    if (section.kind == static_cast<uint32_t>(kind)) return file.subspan(section.offset, section.size);
  }
  return {};
}

bool looks_like_twm(std::span<const uint8_t> file) {
  return starts_with(file, kTwmMagic);
}

bool looks_like_wasm(std::span<const uint8_t> file) {
  return starts_with(file, kWasmMagic);
}

Result<TwmFile> parse_twm(std::span<const uint8_t> file) {
  if (!looks_like_twm(file))
    return fail(ErrorCode::malformed, "not a compiled module: it does not start with \\0twm");
  TwmFile twm;
  if (file.size() < sizeof(TwmHeader) + kTwmSignatureSize) {
    return fail(ErrorCode::malformed, "the compiled module is cut short: its header is not complete");
  }
  std::memcpy(&twm.header, file.data(), sizeof(TwmHeader));
  if (twm.header.format_version != kTwmFormatVersion || twm.header.abi_version != abi::kAbiVersion) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("compiled for format {} and ABI {}, this twine has {} and {}; compile the .wasm again",
                    twm.header.format_version, twm.header.abi_version, kTwmFormatVersion, abi::kAbiVersion));
  }
  if (twm.header.total_size != file.size()) {
    return fail(ErrorCode::malformed,
                fmt::format("the compiled module says that it has {} bytes, but the file has {}",
                            twm.header.total_size, file.size()));
  }
  const uint64_t body_end = file.size() - kTwmSignatureSize;
  const uint64_t count = twm.header.section_count;
  if (count > kTwmMaxSections || sizeof(TwmHeader) + count * sizeof(TwmSection) > body_end) {
    return fail(ErrorCode::malformed,
                fmt::format("the compiled module has an impossible number of sections, {}", count));
  }
  for (uint64_t i = 0; i < count; ++i) {
    TwmSection section{};
    std::memcpy(&section, file.data() + sizeof(TwmHeader) + i * sizeof(TwmSection), sizeof(TwmSection));
    if (section.offset > body_end || section.size > body_end - section.offset) {
      return fail(ErrorCode::malformed,
                  fmt::format("section {} of the compiled module lies outside the file", section.kind));
    }
    twm.sections.push_back(section);
  }
  return twm;
}

Result<void> verify_twm(const TwmFile& twm, std::span<const uint8_t> file) {
  codegen::PublicKey key;
  std::ranges::copy(twm.header.public_key, key.begin());
  codegen::Signature signature;
  std::ranges::copy(file.last(kTwmSignatureSize), signature.begin());
  if (!codegen::verify_signature(key, file.first(file.size() - kTwmSignatureSize), signature)) {
    return fail(ErrorCode::signature,
                "the compiled module's signature is not its key's: the file was changed");
  }
  if (!std::ranges::equal(sha256(twm.section(TwmSectionKind::wasm, file)), twm.header.wasm_sha256)) {
    return fail(ErrorCode::signature, "the compiled module's hash is not that of the Wasm module in it");
  }
  return {};
}

Sha256Digest sha256(std::span<const uint8_t> bytes) {
  Sha256Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

std::string_view section_name(TwmSectionKind kind) {
  switch (kind) {
    case TwmSectionKind::wasm:
      return "wasm";
    case TwmSectionKind::image:
      return "image";
    case TwmSectionKind::layout:
      return "layout";
    case TwmSectionKind::functions:
      return "functions";
    case TwmSectionKind::thunks:
      return "thunks";
    case TwmSectionKind::locations:
      return "locations";
    case TwmSectionKind::unwind:
      return "unwind";
    case TwmSectionKind::tails:
      return "tails";
    case TwmSectionKind::options:
      return "options";
  }
  return "unknown";
}

}  // namespace twine::host

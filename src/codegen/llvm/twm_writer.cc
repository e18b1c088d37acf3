#include "codegen/llvm/twm_writer.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "common/abi.h"
#include "common/image_layout.h"

namespace twine::codegen {
namespace {

template <typename T>
std::span<const uint8_t> bytes_of(std::span<const T> items) {
  return {reinterpret_cast<const uint8_t*>(items.data()), items.size_bytes()};
}

}  // namespace

Result<std::vector<uint8_t>> write_twm(const TwmContents& contents, const Signer& signer) {
  struct Part {
    TwmSectionKind kind;
    std::span<const uint8_t> bytes;
  };
  const std::array<Part, 9> parts = {{
      {TwmSectionKind::wasm, contents.wasm},
      {TwmSectionKind::image, contents.image},
      {TwmSectionKind::layout, bytes_of(std::span(&contents.layout, 1))},
      {TwmSectionKind::functions, bytes_of(contents.functions)},
      {TwmSectionKind::thunks, bytes_of(contents.thunks)},
      {TwmSectionKind::locations, bytes_of(contents.locations)},
      {TwmSectionKind::unwind, bytes_of(contents.unwind)},
      {TwmSectionKind::options, bytes_of(std::span(contents.options.data(), contents.options.size()))},
      {TwmSectionKind::tails, bytes_of(contents.tails)},
  }};

  std::vector<TwmSection> sections;
  uint64_t offset = sizeof(TwmHeader) + parts.size() * sizeof(TwmSection);
  for (const Part& part : parts) {
    const uint64_t alignment = part.kind == TwmSectionKind::image ? kPageSize : 16;
    offset = (offset + alignment - 1) / alignment * alignment;
    sections.push_back({static_cast<uint32_t>(part.kind), 0, offset, part.bytes.size()});
    offset += part.bytes.size();
  }
  const uint64_t total_size = offset + kTwmSignatureSize;
  if (total_size > kTwmMaxSize) {
    return fail(ErrorCode::limit, "the compiled module would be larger than 1 GiB; split the module");
  }

  TwmHeader header{};
  std::ranges::copy(kTwmMagic, header.magic);
  header.format_version = kTwmFormatVersion;
  header.abi_version = abi::kAbiVersion;
  header.total_size = total_size;
  header.features = contents.features;
  header.cpu_features = contents.cpu_features;
  SHA256(contents.wasm.data(), contents.wasm.size(), header.wasm_sha256);
  std::ranges::copy(signer.public_key(), header.public_key);
  std::ranges::copy(contents.enclave, header.enclave);
  header.section_count = static_cast<uint32_t>(parts.size());

  std::vector<uint8_t> file(total_size);
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, sections.data(), sections.size() * sizeof(TwmSection));
  for (size_t index = 0; index < parts.size(); ++index) {
    std::ranges::copy(parts[index].bytes, file.begin() + static_cast<ptrdiff_t>(sections[index].offset));
  }
  const std::span<const uint8_t> signed_part(file.data(), file.size() - kTwmSignatureSize);
  const Signature signature = TWINE_TRY(signer.sign(signed_part));
  std::ranges::copy(signature, file.end() - static_cast<ptrdiff_t>(kTwmSignatureSize));
  return file;
}

}  // namespace twine::codegen

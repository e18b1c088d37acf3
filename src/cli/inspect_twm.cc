#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "cli/inspect.h"
#include "common/twm.h"
#include "host/image/hex.h"
#include "host/launch/twm_file.h"

namespace twine::cli {
namespace {

struct Bit {
  uint64_t mask;
  std::string_view name;
};

constexpr Bit kCpuFeatures[] = {
    {kCpuSse42, "SSE4.2"}, {kCpuPopcnt, "POPCNT"}, {kCpuAvx, "AVX"},        {kCpuAvx2, "AVX2"},
    {kCpuBmi1, "BMI1"},    {kCpuBmi2, "BMI2"},     {kCpuFma, "FMA"},        {kCpuLzcnt, "LZCNT"},
    {kCpuMovbe, "MOVBE"},  {kCpuF16c, "F16C"},     {kCpuAvx512, "AVX-512"},
};
constexpr Bit kFeatures[] = {{kTwmGuardedMemory, "guarded memory"}, {kTwmCountsFuel, "counts fuel"}};

std::string describe_bits(uint64_t value, std::span<const Bit> known) {
  std::vector<std::string> names;
  for (const Bit& bit : known) {
    if ((value & bit.mask) != 0) names.emplace_back(bit.name);
    value &= ~bit.mask;
  }
  if (value != 0) names.push_back(fmt::format("unknown {:#x}", value));
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Result<std::string> inspect_twm(std::span<const uint8_t> file) {
  const host::TwmFile twm = TWINE_TRY(host::parse_twm(file));
  const TwmHeader& header = twm.header;
  const Result<void> verified = host::verify_twm(twm, file);

  std::string text = fmt::format("compiled module, {} bytes\n", grouped(file.size()));
  text += row("format, ABI", fmt::format("{}, {}", header.format_version, header.abi_version));
  text += row("signature", verified ? "valid" : "NOT VALID: " + verified.error().message);
  text += row("signing key", "ed25519 " + image::to_hex(header.public_key));
  text += row("wasm sha256", image::to_hex(header.wasm_sha256));
  const bool any = std::ranges::all_of(header.enclave, [](uint8_t byte) { return byte == 0; });
  text += row("enclave", any ? "any" : "only MRENCLAVE " + image::to_hex(header.enclave));
  text += row("features", describe_bits(header.features, kFeatures));
  text += row("needs of the CPU", describe_bits(header.cpu_features, kCpuFeatures));
  const auto options = twm.section(TwmSectionKind::options, file);
  text +=
      row("compiled with", std::string_view(reinterpret_cast<const char*>(options.data()), options.size()));

  const auto layout_bytes = twm.section(TwmSectionKind::layout, file);
  if (layout_bytes.size() == sizeof(TwmImageLayout)) {
    TwmImageLayout layout;
    std::memcpy(&layout, layout_bytes.data(), sizeof(layout));
    text += row("code", grouped(layout.code_size) + " bytes");
    text += row("read-only data", grouped(layout.data_size) + " bytes");
    text += row("largest frame", grouped(layout.max_frame) + " bytes");
  }
  text += "sections\n      offset        size  name\n";
  for (const TwmSection& section : twm.sections) {
    text += fmt::format("  {:>#10x}  {:>10}  {}\n", section.offset, grouped(section.size),
                        host::section_name(static_cast<TwmSectionKind>(section.kind)));
  }
  return text;
}

}  // namespace twine::cli

// The strict reader of compiled modules.
#include "enclave/runtime/twm_file.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/abi.h"
#include "common/decimal.h"
#include "common/image_layout.h"
#include "common/utf8.h"

namespace twine::enclave {
namespace {

constexpr uint64_t kSectionAlignment = 16;
constexpr size_t kKinds = 9;  // sections of TwmSectionKind, numbered from 1; all of them are required
constexpr std::array<std::string_view, kKinds> kKindNames = {
    "wasm", "image", "layout", "functions", "thunks", "locations", "unwind", "options", "tails"};

// No frame is as large as this: offsets of the unwind table beyond it are errors, not frames.
constexpr uint32_t kMaxCfa = uint32_t{1} << 30;

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorCode::malformed,
              "compiled module: " + std::move(message) + "; compile it again with `twine compile`");
}

std::unexpected<Error> malformed_section(size_t kind_index, std::string_view reason) {
  return malformed("section `" + std::string(kKindNames[kind_index]) + "` " + std::string(reason));
}

bool all_zero(std::span<const uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

// Sections by kind, kind 1 first.
using Sections = std::array<std::span<const uint8_t>, kKinds>;

// `body`: the file without the signature. Every byte of it after the section table is in a section, or a zero
// between two.
Result<Sections> split(std::span<const uint8_t> body, uint32_t count) {
  if (count != kKinds)
    return malformed("it has " + decimal(count) + " sections instead of " + decimal(kKinds));
  if (body.size() - sizeof(TwmHeader) < count * sizeof(TwmSection))
    return malformed("it ends inside the section table");
  const PackedArray<TwmSection> table(body.subspan(sizeof(TwmHeader), count * sizeof(TwmSection)));
  uint64_t end = sizeof(TwmHeader) + count * sizeof(TwmSection);

  Sections sections;
  for (size_t i = 0; i < count; ++i) {
    const TwmSection section = table[i];
    if (section.kind != i + 1)
      return malformed("section " + decimal(i + 1) + " has kind " + decimal(section.kind));
    if (section.reserved != 0) return malformed_section(i, "has a reserved field that is not zero");
    const bool is_image = section.kind == static_cast<uint32_t>(TwmSectionKind::image);
    if (section.offset % (is_image ? kPageSize : kSectionAlignment) != 0)
      return malformed_section(i, "is not aligned");
    if (section.offset < end) return malformed_section(i, "overlaps what is before it");
    if (section.offset > body.size() || section.size > body.size() - section.offset) {
      return malformed_section(i, "reaches past the end of the file");
    }
    if (!all_zero(body.subspan(end, section.offset - end)))
      return malformed_section(i, "follows a gap that is not zero");
    sections[i] = body.subspan(section.offset, section.size);
    end = section.offset + section.size;
  }
  if (!all_zero(body.subspan(end))) return malformed("bytes before the signature are not zero");
  return sections;
}

template <typename T>
Result<PackedArray<T>> array(const Sections& sections, TwmSectionKind kind) {
  const size_t index = static_cast<size_t>(kind) - 1;
  if (sections[index].size() % sizeof(T) != 0) return malformed_section(index, "ends inside an entry");
  return PackedArray<T>(sections[index]);
}

Result<TwmImageLayout> read_layout(std::span<const uint8_t> section, uint64_t image_size) {
  TwmImageLayout layout;
  if (section.size() != sizeof layout)
    return malformed("section `layout` has another size than the format gives it");
  std::memcpy(&layout, section.data(), sizeof layout);
  if (layout.code_size % kPageSize != 0)
    return malformed("the code's size is not a multiple of the page size");
  if (layout.code_size > image_size || layout.data_size != image_size - layout.code_size) {
    return malformed("code and data do not make up the image");
  }
  if (layout.reserved != 0) return malformed("a reserved field of the layout is not zero");
  return layout;
}

Result<void> check_functions(const TwmFile& file) {
  const uint64_t code_size = file.layout.code_size;
  if (file.functions.size() == 0) return malformed("the function table is empty; it always has an end");
  const size_t count = file.functions.size() - 1;
  for (size_t i = 0; i < count; ++i) {
    if (file.functions[i] >= code_size)
      return malformed("function " + decimal(i) + " starts outside the code");
  }
  if (file.functions[count] > code_size) return malformed("the last function ends outside the code");
  const auto outside = [&](uint32_t offset) { return offset != kNoCode && offset >= code_size; };
  for (size_t i = 0; i < file.thunks.size(); ++i) {
    const TwmThunks thunks = file.thunks[i];
    if (outside(thunks.entry) || outside(thunks.host)) {
      return malformed("a thunk of type " + decimal(i) + " starts outside the code");
    }
  }
  for (size_t i = 0; i < file.tails.size(); ++i) {
    if (i > 0 && file.tails[i].function <= file.tails[i - 1].function)
      return malformed("the table `tails` is not in ascending order");
    if (file.tails[i].code >= code_size)
      return malformed("the tail-calling entry of function " + decimal(file.tails[i].function) +
                       " starts outside the code");
  }
  return {};
}

// Rows that hold from their code offset to the next row's: found by binary search, so the order must be
// right.
template <typename T>
Result<void> check_ascending(const PackedArray<T>& rows, uint64_t code_size, std::string_view table) {
  uint32_t previous = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t offset = rows[i].code_offset;
    if (offset < previous)
      return malformed("the table `" + std::string(table) + "` is not in ascending order");
    if (offset >= code_size)
      return malformed("the table `" + std::string(table) + "` reaches outside the code");
    previous = offset;
  }
  return {};
}

Result<void> check_rows(const TwmFile& file) {
  TWINE_TRY(check_ascending(file.locations, file.layout.code_size, "locations"));
  TWINE_TRY(check_ascending(file.unwind, file.layout.code_size, "unwind"));
  for (size_t i = 0; i < file.locations.size(); ++i) {
    if (file.locations[i].wasm_offset >= file.wasm.size())
      return malformed("a location lies outside the Wasm module");
  }
  for (size_t i = 0; i < file.unwind.size(); ++i) {
    const uint32_t cfa = file.unwind[i].cfa;
    if (cfa != kNoUnwind && (cfa % sizeof(uint64_t) != 0 || cfa == 0 || cfa > kMaxCfa)) {
      return malformed("a row of the table `unwind` is no stack frame");
    }
  }
  return {};
}

}  // namespace

Result<TwmHeader> parse_twm_header(std::span<const uint8_t> file) {
  if (file.size() > kTwmMaxSize) return fail(ErrorCode::limit, "compiled module: larger than 1 GiB");
  TwmHeader header;
  const bool has_magic =
      file.size() >= sizeof kTwmMagic && std::ranges::equal(file.first(sizeof kTwmMagic), kTwmMagic);
  if (!has_magic) {
    return fail(ErrorCode::malformed, "not a compiled module: the first bytes are not those of a .twm file");
  }
  if (file.size() < sizeof header + kTwmSignatureSize) return malformed("it ends inside the header");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.format_version != kTwmFormatVersion || header.abi_version != abi::kAbiVersion) {
    return fail(ErrorCode::unsupported,
                "compiled module: made for version " + decimal(header.format_version) + "." +
                    decimal(header.abi_version) + " of the format, this enclave runs " +
                    decimal(kTwmFormatVersion) + "." + decimal(abi::kAbiVersion) +
                    "; compile it again with `twine compile`");
  }
  if (header.total_size != file.size()) {
    return malformed("it has " + decimal(file.size()) + " bytes, its header says " +
                     decimal(header.total_size));
  }
  if ((header.features & ~kTwmKnownFeatures) != 0) {
    return fail(ErrorCode::unsupported,
                "compiled module: relies on features that this enclave does not know; "
                "compile it again with `twine compile`");
  }
  if (header.reserved != 0) return malformed("a reserved field of the header is not zero");
  return header;
}

Result<TwmFile> parse_twm(std::span<const uint8_t> file) {
  const TwmHeader header = TWINE_TRY(parse_twm_header(file));
  const Sections sections =
      TWINE_TRY(split(file.first(file.size() - kTwmSignatureSize), header.section_count));
  const auto section = [&](TwmSectionKind kind) { return sections[static_cast<size_t>(kind) - 1]; };

  TwmFile parsed{.header = header,
                 .layout = TWINE_TRY(
                     read_layout(section(TwmSectionKind::layout), section(TwmSectionKind::image).size())),
                 .wasm = section(TwmSectionKind::wasm),
                 .image = section(TwmSectionKind::image),
                 .functions = TWINE_TRY(array<uint32_t>(sections, TwmSectionKind::functions)),
                 .thunks = TWINE_TRY(array<TwmThunks>(sections, TwmSectionKind::thunks)),
                 .locations = TWINE_TRY(array<TwmLocation>(sections, TwmSectionKind::locations)),
                 .unwind = TWINE_TRY(array<TwmUnwind>(sections, TwmSectionKind::unwind)),
                 .options = {},
                 .tails = TWINE_TRY(array<TwmTail>(sections, TwmSectionKind::tails))};
  const std::span<const uint8_t> options = section(TwmSectionKind::options);
  if (!is_utf8(options)) return malformed("the options are not UTF-8");
  parsed.options = {reinterpret_cast<const char*>(options.data()), options.size()};
  TWINE_TRY(check_functions(parsed));
  TWINE_TRY(check_rows(parsed));
  return parsed;
}

}  // namespace twine::enclave

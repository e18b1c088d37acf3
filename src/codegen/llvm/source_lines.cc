#include "codegen/llvm/source_lines.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Support/MemoryBuffer.h>

#include <utility>

#include "wasm/module.h"

namespace twine::codegen {
namespace {

constexpr std::string_view kDwarfPrefix = ".debug_";
constexpr uint8_t kAddressBytes = 4;               // wasm32
constexpr const char* kUnknownFile = "<invalid>";  // what LLVM has for one

SourceLine to_line(const llvm::DILineInfo& info) {
  const bool has_function = info.FunctionName != llvm::DILineInfo::BadString;
  return {.file = info.FileName,
          .line = info.Line,
          .column = info.Column,
          .function = has_function ? info.FunctionName : std::string()};
}

}  // namespace

struct SourceLines::Dwarf {
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> sections;
  uint32_t code_section_offset = 0;
  std::string problem;
  std::unique_ptr<llvm::DWARFContext> context;

  // Keeps the first.
  void note(llvm::Error error) {
    std::string text = llvm::toString(std::move(error));
    if (problem.empty()) problem = "its debug information is damaged: " + std::move(text);
  }
};

SourceLines::SourceLines(std::span<const Section> sections, uint32_t code_section_offset)
    : dwarf_(std::make_unique<Dwarf>()) {
  dwarf_->code_section_offset = code_section_offset;
  for (const Section& section : sections) {
    if (!section.name.starts_with(kDwarfPrefix)) continue;
    const llvm::StringRef bytes(reinterpret_cast<const char*>(section.bytes.data()), section.bytes.size());
    // LLVM knows them without the dot. Of several with one name the first counts.
    dwarf_->sections.try_emplace(section.name.substr(1), llvm::MemoryBuffer::getMemBuffer(
                                                             bytes, "", /*RequiresNullTerminator=*/false));
  }
  if (!dwarf_->sections.contains("debug_line") || !dwarf_->sections.contains("debug_info")) {
    dwarf_->problem = "it has no debug information; compile it with -g, and do not strip it";
    return;
  }
  const auto note = [dwarf = dwarf_.get()](llvm::Error error) { dwarf->note(std::move(error)); };
  dwarf_->context =
      llvm::DWARFContext::create(dwarf_->sections, kAddressBytes, /*isLittleEndian=*/true, note, note);
}

SourceLines::SourceLines(SourceLines&&) noexcept = default;
SourceLines& SourceLines::operator=(SourceLines&&) noexcept = default;
SourceLines::~SourceLines() = default;

std::vector<SourceLine> SourceLines::at(uint64_t wasm_offset) const {
  std::vector<SourceLine> lines;
  if (dwarf_->context == nullptr || wasm_offset < dwarf_->code_section_offset) return lines;
  using Kind = llvm::DILineInfoSpecifier::FileLineInfoKind;
  const llvm::DIInliningInfo found = dwarf_->context->getInliningInfoForAddress(
      {wasm_offset - dwarf_->code_section_offset, llvm::object::SectionedAddress::UndefSection},
      llvm::DILineInfoSpecifier(Kind::RelativeFilePath, llvm::DINameKind::ShortName));
  for (uint32_t frame = 0; frame < found.getNumberOfFrames(); ++frame) {
    const llvm::DILineInfo& info = found.getFrame(frame);
    if (info.Line == 0 || info.FileName.empty() || info.FileName == kUnknownFile) continue;
    lines.push_back(to_line(info));
  }
  return lines;
}

const std::string& SourceLines::problem() const {
  return dwarf_->problem;
}

Result<SourceLines> source_lines(std::span<const uint8_t> wasm_bytes) {
  const wasm::Module module = TWINE_TRY(wasm::load(wasm_bytes, wasm::all_features));
  std::vector<SourceLines::Section> sections;
  for (const wasm::CustomSection& section : module.custom_sections)
    sections.push_back({.name = section.name, .bytes = section.bytes});
  return SourceLines(sections, module.code_section_offset);
}

}  // namespace twine::codegen

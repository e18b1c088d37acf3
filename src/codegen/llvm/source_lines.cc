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

class DwarfLines final : public SourceLines {
 public:
  DwarfLines(std::span<const Section> sections, uint32_t code_section_offset);

  [[nodiscard]] std::vector<SourceLine> at(uint64_t wasm_offset) const override;
  [[nodiscard]] const std::string& problem() const override { return problem_; }

 private:
  // Keeps the first.
  void note(llvm::Error error) {
    std::string text = llvm::toString(std::move(error));
    if (problem_.empty()) problem_ = "its debug information is damaged: " + std::move(text);
  }

  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> sections_;
  uint32_t code_section_offset_;
  std::string problem_;
  std::unique_ptr<llvm::DWARFContext> context_;
};

DwarfLines::DwarfLines(std::span<const Section> sections, uint32_t code_section_offset)
    : code_section_offset_(code_section_offset) {
  for (const Section& section : sections) {
    if (!section.name.starts_with(kDwarfPrefix)) continue;
    const llvm::StringRef bytes(reinterpret_cast<const char*>(section.bytes.data()), section.bytes.size());
    // LLVM knows them without the dot. Of several with one name the first counts.
    sections_.try_emplace(section.name.substr(1),
                          llvm::MemoryBuffer::getMemBuffer(bytes, "", /*RequiresNullTerminator=*/false));
  }
  if (!sections_.contains("debug_line") || !sections_.contains("debug_info")) {
    problem_ = "it has no debug information; compile it with -g, and do not strip it";
    return;
  }
  const auto note = [this](llvm::Error error) { this->note(std::move(error)); };
  context_ = llvm::DWARFContext::create(sections_, kAddressBytes, /*isLittleEndian=*/true, note, note);
}

std::vector<SourceLine> DwarfLines::at(uint64_t wasm_offset) const {
  std::vector<SourceLine> lines;
  if (context_ == nullptr || wasm_offset < code_section_offset_) return lines;
  using Kind = llvm::DILineInfoSpecifier::FileLineInfoKind;
  const llvm::DIInliningInfo found = context_->getInliningInfoForAddress(
      {wasm_offset - code_section_offset_, llvm::object::SectionedAddress::UndefSection},
      llvm::DILineInfoSpecifier(Kind::RelativeFilePath, llvm::DINameKind::ShortName));
  for (uint32_t frame = 0; frame < found.getNumberOfFrames(); ++frame) {
    const llvm::DILineInfo& info = found.getFrame(frame);
    if (info.Line == 0 || info.FileName.empty() || info.FileName == kUnknownFile) continue;
    lines.push_back(to_line(info));
  }
  return lines;
}

}  // namespace

std::unique_ptr<SourceLines> make_source_lines(std::span<const SourceLines::Section> sections,
                                               uint32_t code_section_offset) {
  return std::make_unique<DwarfLines>(sections, code_section_offset);
}

Result<std::unique_ptr<SourceLines>> source_lines(std::span<const uint8_t> wasm_bytes) {
  const wasm::Module module = TWINE_TRY(wasm::load(wasm_bytes, wasm::all_features));
  std::vector<SourceLines::Section> sections;
  sections.reserve(module.custom_sections.size());
  for (const wasm::CustomSection& section : module.custom_sections)
    sections.push_back({.name = section.name, .bytes = section.bytes});
  return make_source_lines(sections, module.code_section_offset);
}

}  // namespace twine::codegen

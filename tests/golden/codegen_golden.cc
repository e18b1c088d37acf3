// The shapes of good code, pinned. Each codegen/NAME.wat opens with what the machine code of its export "f"
// must look like, at -O2 for x86-64-v3, in LLVM's AT&T syntax:
//
//   ;; has: REGEX      some instruction matches
//   ;; lacks: REGEX    no instruction matches
//   ;; count N: REGEX  exactly N instructions match
//
// Patterns instead of whole listings: register numbers and scheduling are LLVM's affair and change with its
// minor versions.
#include <gtest/gtest.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "codegen/llvm/compile.h"
#include "common/twm.h"
#include "support/guest_host.h"
#include "wasm/module.h"

namespace twine::test {
namespace {

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TWINE_GOLDEN_DIRECTORY)) {
    if (entry.path().extension() == ".wat") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

// The instructions of the exported function "f", one a string, up to the padding behind it.
std::vector<std::string> disassemble(const std::vector<uint8_t>& wasm, const std::vector<uint8_t>& twm) {
  TwmHeader header;
  std::memcpy(&header, twm.data(), sizeof header);
  std::vector<TwmSection> sections(header.section_count);
  std::memcpy(sections.data(), twm.data() + sizeof header, sections.size() * sizeof(TwmSection));
  const auto section = [&](TwmSectionKind kind) {
    const auto found = std::ranges::find(sections, static_cast<uint32_t>(kind), &TwmSection::kind);
    return std::span(twm).subspan(found->offset, found->size);
  };
  const auto module = wasm::load(wasm).value();
  const uint32_t index = module.find_export("f")->index - module.imported_functions;
  std::vector<uint32_t> offsets(section(TwmSectionKind::functions).size() / sizeof(uint32_t));
  std::memcpy(offsets.data(), section(TwmSectionKind::functions).data(), offsets.size() * sizeof(uint32_t));
  auto code = section(TwmSectionKind::image).subspan(offsets[index], offsets[index + 1] - offsets[index]);

  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  const std::unique_ptr<void, void (*)(void*)> disassembler(
      LLVMCreateDisasm("x86_64-unknown-linux-gnu", nullptr, 0, nullptr, nullptr), LLVMDisasmDispose);
  std::vector<std::string> lines;
  while (!code.empty()) {
    std::array<char, 256> text{};
    std::vector<uint8_t> bytes(code.begin(), code.end());
    const size_t size =
        LLVMDisasmInstruction(disassembler.get(), bytes.data(), bytes.size(), 0, text.data(), text.size());
    if (size == 0) break;
    lines.emplace_back(text.data());
    code = code.subspan(size);
  }
  return lines;
}

class CodeShape : public testing::TestWithParam<std::filesystem::path> {};

INSTANTIATE_TEST_SUITE_P(Golden, CodeShape, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.stem().string(); });

TEST_P(CodeShape, IsAsPinned) {
  std::ifstream input(GetParam());
  const std::string wat((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
  const std::vector<uint8_t> wasm = assemble(wat);
  const auto signer = codegen::make_ephemeral_signing_key();
  ASSERT_TRUE(signer.has_value());
  codegen::CompileOptions options;
  options.cpu = codegen::Cpu::x86_64_v3;
  const auto twm = codegen::compile(wasm, options, **signer);
  ASSERT_TRUE(twm.has_value()) << twm.error().message;
  const std::vector<std::string> instructions = disassemble(wasm, *twm);
  std::string listing;
  for (const std::string& line : instructions) listing += line + "\n";

  const std::regex directive(R"(;; (has|lacks|count (\d+)): (.*))");
  std::istringstream lines(wat);
  int directives = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, directive)) continue;
    ++directives;
    const std::regex pattern(match[3].str());
    const auto found = std::ranges::count_if(instructions, [&](const std::string& instruction) {
      return std::regex_search(instruction, pattern);
    });
    const std::string kind = match[1];
    if (kind == "has") {
      EXPECT_GT(found, 0) << line << "\n" << listing;
    } else if (kind == "lacks") {
      EXPECT_EQ(found, 0) << line << "\n" << listing;
    } else {
      EXPECT_EQ(found, std::stol(match[2])) << line << "\n" << listing;
    }
  }
  EXPECT_GT(directives, 0) << "the case pins nothing";
}

}  // namespace
}  // namespace twine::test

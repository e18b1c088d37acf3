#include "host/image/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "allowed_instructions_text.h"
#include "host/image/elf_image.h"
#include "host/image/elf_symbols.h"
#include "host/x86/enclave_instructions.h"

namespace twine::image {
namespace {

using host::x86::InstructionClass;

constexpr std::array<uint8_t, 3> kEnclu = {0x0f, 0x01, 0xd7};

const char* consequence(InstructionClass kind) {
  switch (kind) {
    case InstructionClass::enclu:
      return "a leaf function: enters, leaves, or changes pages";
    case InstructionClass::illegal:
      return "raises #UD in an enclave";
    case InstructionClass::umip:
    case InstructionClass::privileged:
      return "faults outside of the kernel";
    case InstructionClass::sensitive:
      return "loads state that the host may have chosen";
    case InstructionClass::ordinary:
      break;
  }
  return "";
}

// Collects the sites of one executable segment.
class Linter {
 public:
  Linter(const std::vector<FunctionSymbol>& functions, std::span<const AllowedInstruction> allowed)
      : functions_(functions), allowed_(allowed) {}

  void segment(const Segment& segment) {
    const uint64_t end = segment.offset + segment.contents.size();
    for (uint64_t start = segment.offset; start < end;) {
      const uint64_t stop = std::min(next_function(start), end);
      chunk(start, segment.contents.subspan(start - segment.offset, stop - start));
      start = stop;
    }
    hidden(segment);
  }

  std::vector<InstructionSite> take() {
    std::ranges::sort(sites_, {}, &InstructionSite::address);
    return std::move(sites_);
  }

 private:
  [[nodiscard]] uint64_t next_function(uint64_t address) const {
    const auto next = std::ranges::upper_bound(functions_, address, {}, &FunctionSymbol::address);
    return next == functions_.end() ? UINT64_MAX : next->address;
  }

  [[nodiscard]] const FunctionSymbol* function_at(uint64_t address) const {
    const auto next = std::ranges::upper_bound(functions_, address, {}, &FunctionSymbol::address);
    if (next == functions_.begin()) return nullptr;
    const FunctionSymbol& function = *std::prev(next);
    return function.size == 0 || address - function.address < function.size ? &function : nullptr;
  }

  void chunk(uint64_t start, std::span<const uint8_t> code) {
    host::x86::disassemble(code, [&](uint64_t offset, const ZydisDecodedInstruction& instruction) {
      const InstructionClass kind = host::x86::classify(instruction);
      if (kind == InstructionClass::ordinary) return;
      if (kind == InstructionClass::enclu)
        enclus_.push_back(start + offset + instruction.length - kEnclu.size());
      found(start + offset, ZydisMnemonicGetString(instruction.mnemonic), consequence(kind));
    });
  }

  void hidden(const Segment& segment) {
    auto at = segment.contents.begin();
    while (true) {
      at = std::search(at, segment.contents.end(), kEnclu.begin(), kEnclu.end());
      if (at == segment.contents.end()) return;
      const uint64_t address = segment.offset + static_cast<uint64_t>(at - segment.contents.begin());
      if (std::ranges::find(enclus_, address) == enclus_.end())
        found(address, "hidden-enclu", "a jump into the middle of an instruction executes ENCLU");
      ++at;
    }
  }

  void found(uint64_t address, const char* instruction, const char* what) {
    InstructionSite site{.address = address,
                         .symbol = {},
                         .symbol_offset = 0,
                         .instruction = instruction,
                         .what = what,
                         .reason = {}};
    if (const FunctionSymbol* const function = function_at(address)) {
      site.symbol = function->name;
      site.symbol_offset = address - function->address;
    }
    const std::string readable = demangle(site.symbol);
    const auto permission = std::ranges::find_if(allowed_, [&](const AllowedInstruction& each) {
      return each.instruction == site.instruction && (each.symbol == site.symbol || each.symbol == readable);
    });
    if (permission != allowed_.end()) site.reason = permission->reason;
    sites_.push_back(std::move(site));
  }

  const std::vector<FunctionSymbol>& functions_;
  std::span<const AllowedInstruction> allowed_;
  std::vector<uint64_t> enclus_;  // addresses of the three bytes, prefixes left aside
  std::vector<InstructionSite> sites_;
};

std::string_view trim(std::string_view text) {
  const auto space = [](char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

Result<std::vector<AllowedInstruction>> parse_allowed_instructions(std::string_view text,
                                                                   std::string_view name) {
  std::vector<AllowedInstruction> allowed;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    std::string_view line = trim(whole.substr(0, whole.find('#')));
    if (line.empty()) continue;
    const std::string_view symbol = take_word(line);
    const std::string_view instruction = take_word(line);
    const std::string_view reason = trim(line);
    if (reason.empty()) {
      return fail(ErrorCode::malformed,
                  fmt::format("{}:{}: a permission is SYMBOL INSTRUCTION REASON; this line has no reason",
                              name, line_number));
    }
    allowed.push_back({.symbol = std::string(symbol),
                       .instruction = std::string(instruction),
                       .reason = std::string(reason)});
  }
  return allowed;
}

Result<std::vector<AllowedInstruction>> own_allowed_instructions() {
  return parse_allowed_instructions(kAllowedInstructionsText, "src/enclave/allowed_instructions.txt");
}

std::string InstructionSite::text() const {
  if (symbol.empty()) return fmt::format("{} at {:#x}, in no function", instruction, address);
  return fmt::format("{} at {}+{:#x} ({:#x})", instruction, demangle(symbol), symbol_offset, address);
}

Result<std::vector<InstructionSite>> lint_image(std::span<const uint8_t> file,
                                                std::span<const AllowedInstruction> allowed) {
  const ElfImage image = TWINE_TRY(parse_elf_image(file));
  const std::vector<FunctionSymbol> functions = TWINE_TRY(read_function_symbols(file));
  Linter linter(functions, allowed);
  for (const Segment& segment : image.segments) {
    if (segment.executable) linter.segment(segment);
  }
  return linter.take();
}

Result<void> require_allowed(std::span<const InstructionSite> sites) {
  std::string list;
  size_t count = 0;
  for (const InstructionSite& site : sites) {
    if (site.allowed()) continue;
    ++count;
    list += fmt::format("\n  {}: {}", site.text(), site.what);
  }
  if (count == 0) return {};
  return fail(ErrorCode::malformed,
              fmt::format("{} instruction{} that the list of allowed instructions does not have:{}\n"
                          "remove {}, or give the function a line SYMBOL INSTRUCTION REASON in the list "
                          "(src/enclave/allowed_instructions.txt, or twine sign --allowed-instructions FILE)",
                          count, count == 1 ? "" : "s", list, count == 1 ? "it" : "them"));
}

}  // namespace twine::image

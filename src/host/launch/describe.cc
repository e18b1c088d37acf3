// Traps in words (launcher.h).
#include <fmt/format.h>

#include <algorithm>

#include "host/launch/launcher.h"

namespace twine::host {
namespace {

constexpr size_t kWidestName = 60;

// What a guest calls its functions and files, fit for a terminal.
std::string printable(std::string text) {
  constexpr char kDelete = 0x7f;
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == kDelete; };
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

const codegen::SourceLines* lines_of(const std::string& module, std::span<const ModuleLines> modules) {
  const auto found = std::ranges::find(modules, module, &ModuleLines::name);
  return found == modules.end() ? nullptr : found->lines.get();
}

std::string describe_lines(const std::vector<codegen::SourceLine>& lines) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    const codegen::SourceLine& line = lines[i];
    text += fmt::format("{}{}:{}", i == 0 ? "  at " : ", inlined at ", printable(line.file), line.line);
    if (line.column != 0) text += fmt::format(":{}", line.column);
    // The last one's function is the frame's.
    if (i + 1 < lines.size() && !line.function.empty()) text += " in " + printable(line.function);
  }
  return text;
}

std::string describe_place(const BacktraceFrame& frame) {
  std::string place = printable(frame.module);
  if (frame.wasm_offset != 0) place += fmt::format("+{:#x}", frame.wasm_offset);
  return place;
}

constexpr char kNotCovered[] =
    "its debug information has none of these functions; compile it with -g (and if you link with -O, mind "
    "that clang then runs "
    "wasm-opt, which drops it)";

// What there is to say of each module of the backtrace whose lines are not known.
std::string describe_problems(const TrapReport& trap, std::span<const ModuleLines> modules) {
  std::string text;
  for (const ModuleLines& module : modules) {
    const auto is_its = [&](const BacktraceFrame& frame) { return frame.module == module.name; };
    const auto has_line = [&](const BacktraceFrame& frame) {
      return is_its(frame) && !module.lines->at(frame.wasm_offset).empty();
    };
    if (std::ranges::none_of(trap.frames, is_its)) continue;
    std::string problem = module.lines->problem();
    if (problem.empty() && std::ranges::none_of(trap.frames, has_line)) problem = kNotCovered;
    if (!problem.empty()) text += fmt::format("{}: {}\n", printable(module.name), printable(problem));
  }
  return text;
}

}  // namespace

std::string describe_trap(const TrapReport& trap) {
  return describe_trap(trap, {});
}

std::string describe_trap(const TrapReport& trap, std::span<const ModuleLines> modules) {
  std::string text = fmt::format("trap: {}\n", trap.message);
  size_t name_width = 0;
  size_t place_width = 0;
  for (const BacktraceFrame& frame : trap.frames) {
    name_width = std::max(name_width, frame.function_name.size());
    place_width = std::max(place_width, describe_place(frame).size());
  }
  name_width = std::min(name_width, kWidestName);

  const size_t before_gap = trap.frames_omitted == 0 ? trap.frames.size() : kInnermostFrames;
  for (size_t i = 0; i < trap.frames.size(); ++i) {
    if (i == before_gap) text += fmt::format("       … {} frames …\n", trap.frames_omitted);
    const BacktraceFrame& frame = trap.frames[i];
    const size_t index = i < before_gap ? i : i + trap.frames_omitted;
    text += fmt::format("  {:>3}: {:<{}}  ", index, printable(frame.function_name), name_width);
    const codegen::SourceLines* const lines = lines_of(frame.module, modules);
    const std::string source = lines == nullptr ? "" : describe_lines(lines->at(frame.wasm_offset));
    text += source.empty() ? describe_place(frame)
                           : fmt::format("{:<{}}{}", describe_place(frame), place_width, source);
    text += "\n";
  }
  return text + describe_problems(trap, modules);
}

}  // namespace twine::host

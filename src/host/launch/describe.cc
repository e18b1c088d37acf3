// Traps in words (launcher.h).
#include <fmt/format.h>

#include <algorithm>

#include "host/launch/launcher.h"

namespace twine::host {
namespace {

std::string describe_frame(const BacktraceFrame& frame, size_t index, size_t name_width) {
  std::string line = fmt::format("  {:>3}: {:<{}}  {}", index, frame.function_name, name_width, frame.module);
  if (frame.wasm_offset != 0) line += fmt::format("+{:#x}", frame.wasm_offset);
  return line + "\n";
}

}  // namespace

std::string describe_trap(const TrapReport& trap) {
  std::string text = fmt::format("trap: {}\n", trap.message);
  size_t width = 0;
  for (const BacktraceFrame& frame : trap.frames) width = std::max(width, frame.function_name.size());
  width = std::min<size_t>(width, 60);

  const size_t before_gap = trap.frames_omitted == 0 ? trap.frames.size() : kInnermostFrames;
  for (size_t i = 0; i < trap.frames.size(); ++i) {
    if (i == before_gap) text += fmt::format("       … {} frames …\n", trap.frames_omitted);
    const size_t index = i < before_gap ? i : i + trap.frames_omitted;
    text += describe_frame(trap.frames[i], index, width);
  }
  return text;
}

}  // namespace twine::host

// perf's map of code that has no file: /tmp/perf-PID.map (tools/perf/Documentation/jit-interface.txt of Linux).
//
//   START SIZE NAME\n     START and SIZE in hexadecimal without 0x, NAME to the end of the line
//
// Names and addresses only. Names come from the module and the image, which the host has; control characters in them become '?'.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "common/result.h"
#include "host/debug/symbols.h"

namespace twine::host::debug {

class PerfMap {
 public:
  // Makes this process's map anew; perf reads it once the process is over. Errors: io.
  static Result<std::unique_ptr<PerfMap>> create();
  PerfMap(const PerfMap&) = delete;
  PerfMap& operator=(const PerfMap&) = delete;
  ~PerfMap();

  // One line a function: NAME [ORIGIN]. C++ names are demangled. Errors: io.
  Result<void> add(const CodeSymbols& symbols, std::string_view origin);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  PerfMap(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}

  std::filesystem::path path_;
  int file_;
};

}  // namespace twine::host::debug

// The flags that say how .wasm becomes machine code; `run` and `compile` have them both.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "twine/twine.hpp"

namespace twine::cli {

struct CompileFlags {
  int level = 2;
  std::string cpu;
  unsigned jobs = 0;
  bool counts_fuel = false;  // of another flag: what that means differs between commands

  void add_to(CLI::App& command);
  // Errors: invalid_argument.
  [[nodiscard]] Result<api::CompileOptions> to_options() const;
};

// An error of the C interface as one of ours.
Error to_error(const api::Error& error);

}  // namespace twine::cli

// Command-line options of the form `--name value`.
#ifndef CREDIT_RISK_OPTIONS_H_
#define CREDIT_RISK_OPTIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "error.h"

namespace credit {

// One option and where its value goes; what `target` points to holds the default.
struct Option {
  std::string_view name;  // "--paths"
  std::variant<std::string*, std::uint64_t*, double*> target;
  double least = 0;  // of a number
  double most = 0;   // of a number
  std::string_view help;
};

// Fills in the targets from the arguments, without the program's name. Returns true when --help was asked
// for.
Result<bool> parse_options(std::span<char* const> arguments, std::span<const Option> options);

// One line an option, with its default.
std::string help_text(std::span<const Option> options);

}  // namespace credit

#endif  // CREDIT_RISK_OPTIONS_H_

#include "options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace credit {
namespace {

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

Error bad_number(const Option& option, const std::string& value, std::string_view kind) {
  return Error{
      "", 0, std::string(option.name) + " is \"" + value + "\"",
      "give " + std::string(kind) + " from " + number_text(option.least) + " to " + number_text(option.most)};
}

Result<void> assign(const Option& option, const std::string& value) {
  if (std::string* const* text = std::get_if<std::string*>(&option.target)) {
    **text = value;
    return {};
  }
  const bool whole = std::holds_alternative<std::uint64_t*>(option.target);
  const std::string_view kind = whole ? "a whole number" : "a number";
  const std::string_view allowed = whole ? "0123456789" : "0123456789.eE-";
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0' || value.find_first_not_of(allowed) != std::string::npos ||
      number < option.least || number > option.most) {
    return std::unexpected(bad_number(option, value, kind));
  }
  if (whole) {
    *std::get<std::uint64_t*>(option.target) = std::strtoull(value.c_str(), nullptr, 10);
  } else {
    *std::get<double*>(option.target) = number;
  }
  return {};
}

}  // namespace

Result<bool> parse_options(std::span<char* const> arguments, std::span<const Option> options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help") return true;
    const auto option = std::ranges::find(options, name, &Option::name);
    if (option == options.end()) {
      return std::unexpected(Error{"", 0, "there is no option " + std::string(name), "see --help"});
    }
    if (++i == arguments.size()) {
      return std::unexpected(Error{"", 0, std::string(name) + " has no value", "put it after the option"});
    }
    if (auto done = assign(*option, arguments[i]); !done) return std::unexpected(std::move(done).error());
  }
  return false;
}

std::string help_text(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    std::string value;
    if (std::string* const* target = std::get_if<std::string*>(&option.target)) value = **target;
    if (std::uint64_t* const* target = std::get_if<std::uint64_t*>(&option.target))
      value = std::to_string(**target);
    if (double* const* target = std::get_if<double*>(&option.target)) value = number_text(**target);
    std::string line = "  " + std::string(option.name);
    line.resize(std::max<std::size_t>(line.size() + 2, 18), ' ');
    text += line + std::string(option.help) + (value.empty() ? "" : " [" + value + "]") + "\n";
  }
  return text;
}

}  // namespace credit

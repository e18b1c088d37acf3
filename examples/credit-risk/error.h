// Faults in what a user hands to this program, told so that they can be mended.
#ifndef CREDIT_RISK_ERROR_H_
#define CREDIT_RISK_ERROR_H_

#include <cstddef>
#include <expected>
#include <string>

namespace credit {

// One fault: the thing, what is wrong with it and what to do.
struct Error {
  std::string file;      // empty when the fault is in no file
  std::size_t line = 0;  // from 1; 0 when the fault is in no line
  std::string fault;     // "outstanding is -5"
  std::string remedy;    // "write an amount of 0 or more"

  // "loans.csv:17: outstanding is -5; write an amount of 0 or more"
  std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;

// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define CREDIT_TRY(declaration, expression) CREDIT_TRY_(declaration, expression, __LINE__)
#define CREDIT_TRY_(declaration, expression, line) CREDIT_TRY__(declaration, expression, line)
#define CREDIT_TRY__(declaration, expression, line)                             \
  auto result_##line = (expression);                                            \
  if (!result_##line) return std::unexpected(std::move(result_##line).error()); \
  declaration = *std::move(result_##line)

}  // namespace credit

#endif  // CREDIT_RISK_ERROR_H_

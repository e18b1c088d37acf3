// Result<T>: the one way a function of Twine fails.
//
// Shared by both sides of the trust boundary and by the compilers; header only, no allocation beyond
// std::string, no exceptions. An Error has a class (what kind of mending it needs) and one sentence that
// names the thing, the fault and, where there is one, the remedy: "app.twm: signed by key 5f…, which the
// manifest does not list; add --trust-key".
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace twine {

enum class ErrorCode : uint8_t {
  invalid_argument,  // the caller's or the user's input is wrong
  malformed,         // bytes do not follow their format
  invalid_module,    // well-formed Wasm that validation refuses
  unsupported,       // correct, but beyond what this build or machine offers
  not_found,
  permission,
  out_of_memory,
  limit,      // a configured bound was reached
  signature,  // a signature, hash or key does not match
  link,       // an import is missing or has another type
  io,         // the operating system refused
  internal,   // a fault of Twine's own
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

// `return fail(ErrorCode::malformed, "…");` from any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// Puts "WHERE: " before the message of an error that passes through.
[[nodiscard]] inline std::unexpected<Error> within(std::string_view where, Error error) {
  error.message.insert(0, ": ").insert(0, where);
  return std::unexpected(std::move(error));
}

}  // namespace twine

// Evaluates a Result; on error returns it from the enclosing function, else yields the value.
// A GNU statement expression, which clang offers everywhere this project builds.
#define TWINE_TRY(expression)                                                           \
  ({                                                                                    \
    auto twine_try_result = (expression);                                               \
    if (!twine_try_result) return std::unexpected(std::move(twine_try_result).error()); \
    std::move(twine_try_result).value();                                                \
  })

// A module compiled without and with optimisation, side by side: the unoptimised code says what the optimised must do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "support/guest_host.h"

namespace twine::test {

codegen::CompileOptions options_at(int optimisation_level);

// The module in text format; it exports its memory as "memory".
class BothLevels {
 public:
  // Reports a failure of the test, and is not ready, if it cannot be compiled or instantiated.
  BothLevels(const std::string& text, int optimisation_level);

  [[nodiscard]] bool is_ready() const { return reference_ != nullptr && optimised_ != nullptr; }

  // Sets every byte of both memories to what `byte` says of its index, calls an export on both, and reports a failure of the test, with
  // `where` and the text, unless they end alike: by the same values or the same kind of trap, and with the same memory. The unoptimised code's outcome.
  Outcome invoke(const std::string& name, const Values& arguments,
                 const std::function<uint8_t(uint32_t index)>& byte, const std::string& where = {});

 private:
  std::string text_;
  Host reference_host_;
  Host optimised_host_;
  Instance* reference_ = nullptr;
  Instance* optimised_ = nullptr;
};

}  // namespace twine::test

#include "support/both_levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace twine::test {

codegen::CompileOptions options_at(int optimisation_level) {
  codegen::CompileOptions options;
  options.optimisation_level = optimisation_level;
  options.jobs = 1;
  return options;
}

BothLevels::BothLevels(const std::string& text, int optimisation_level)
    : text_(text), reference_host_(options_at(0)), optimised_host_(options_at(optimisation_level)) {
  const std::vector<uint8_t> wasm = assemble(text);
  const auto reference = reference_host_.instantiate(wasm);
  const auto optimised = optimised_host_.instantiate(wasm);
  EXPECT_TRUE(reference.has_value() && optimised.has_value()) << text;
  if (!reference || !optimised) return;
  reference_ = reference->instance;
  optimised_ = optimised->instance;
}

Outcome BothLevels::invoke(const std::string& name, const Values& arguments,
                           const std::function<uint8_t(uint32_t index)>& byte, const std::string& where) {
  const auto run = [&](Instance& instance) {
    const std::span<uint8_t> memory = instance.memory();
    for (uint32_t index = 0; index < memory.size(); ++index) memory[index] = byte(index);
    return instance.invoke(name, arguments);
  };
  const Outcome expected = run(*reference_);
  const Outcome actual = run(*optimised_);
  const std::string what = where + "\n" + text_;
  EXPECT_EQ(expected.index(), actual.index()) << what;
  if (expected.index() != actual.index()) return expected;
  if (const Trap* trap = std::get_if<Trap>(&expected)) {
    EXPECT_EQ(trap->kind, std::get<Trap>(actual).kind) << what;
  } else {
    EXPECT_EQ(std::get<Values>(expected), std::get<Values>(actual)) << what;
  }
  EXPECT_TRUE(std::ranges::equal(reference_->memory(), optimised_->memory())) << what;
  return expected;
}

}  // namespace twine::test

// A script of the WebAssembly test suite as one launch: reads what wast2json writes, compiles the modules,
// turns commands into the steps of a launch manifest, and judges the launch's result.
//
//   command                          becomes                       passes when
//   module                           instantiate                   it succeeded
//   register, action                 register_instance, invoke…    it succeeded
//   assert_return                    invoke or get                 results are equal; NaN classes by their
//   bits assert_trap, assert_exhaustion   invoke                        it trapped, for that reason
//   assert_invalid                   check                         decoder or validator in the enclave
//   refused it assert_malformed, binary         check                         the same assert_malformed, text
//   nothing                       not counted: Twine reads no text format assert_unlinkable instantiate it
//   was unlinkable assert_uninstantiable            instantiate                   it trapped
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "codegen/llvm/compile.h"
#include "common/manifest.h"
#include "common/result.h"

namespace twine::conformance {

struct Report {
  size_t passed = 0;
  size_t text_only = 0;               // assertions on the text format
  std::vector<std::string> failures;  // "FILE:LINE: COMMAND: what is wrong"
};

class WastScript {
 public:
  // `path`: the .json file; modules lie beside it. A module that does not compile is a failure of its
  // command, not an error here. Errors: io, malformed (not wast2json's output).
  static Result<WastScript> read(const std::filesystem::path& path, const codegen::CompileOptions& options,
                                 const codegen::Signer& signer);

  [[nodiscard]] const LaunchManifest& manifest() const { return manifest_; }
  // The files that the manifest's modules describe.
  [[nodiscard]] const std::vector<std::vector<uint8_t>>& modules() const { return modules_; }
  // Whether there is anything to launch.
  [[nodiscard]] bool has_steps() const { return !manifest_.steps.empty(); }

  // `result`: of the launch; a default one when there was nothing to launch.
  [[nodiscard]] Report judge(const LaunchResult& result) const;

 private:
  struct Command {
    nlohmann::json json;
    std::optional<size_t> step;  // whose result decides
    std::string problem;         // why there is no step: the command has failed
    bool is_text = false;
  };
  struct Translation;

  [[nodiscard]] std::string judge(const Command& command, const StepResult& result) const;

  std::string source_;
  LaunchManifest manifest_;
  std::vector<std::vector<uint8_t>> modules_;
  std::vector<Command> commands_;
};

}  // namespace twine::conformance

// Launches on the enclave's runtime in a plain process: modules written as text, compiled and signed for
// real, run on mmap and signals (support/in_process_pages.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "codegen/llvm/compile.h"
#include "common/wasi_types.h"
#include "enclave/runtime/launch.h"
#include "support/in_process_pages.h"
#include "unit/in_process_platform.h"
#include "wasm/types.h"

namespace twine::enclave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Sha256Digest digest_of(std::span<const uint8_t> bytes) {
  Sha256Digest digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

std::vector<uint8_t> assemble(std::string_view text) {
  const std::filesystem::path directory = std::filesystem::temp_directory_path();
  const std::string stem = (directory / ("twine-runtime-test-" + std::to_string(getpid()))).string();
  std::ofstream(stem + ".wat") << text;
  const std::string command = "wat2wasm --debug-names " + stem + ".wat -o " + stem + ".wasm";
  EXPECT_EQ(std::system(command.c_str()), 0)
      << text;  // NOLINT(cert-env33-c): a fixed command on a path of our own
  std::ifstream input(stem + ".wasm", std::ios::binary);
  std::vector<uint8_t> wasm{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  std::filesystem::remove(stem + ".wat");
  std::filesystem::remove(stem + ".wasm");
  return wasm;
}

WireValue i32(uint32_t value) {
  return {.type = 0x7F, .low = value, .high = 0};
}

// A launch that is put together by the test.
class Launch final : public ModuleSource {
 public:
  LaunchManifest manifest;

  Launch& module(std::string name, std::string_view text) {
    const std::vector<uint8_t> wasm = assemble(text);
    codegen::CompileOptions options;
    options.jobs = 1;
    options.optimisation_level = 1;
    Result<std::vector<uint8_t>> twm = codegen::compile(wasm, options, *signer_);
    EXPECT_TRUE(twm) << twm.error().message;
    manifest.modules.push_back({.name = std::move(name),
                                .kind = ModuleKind::twm,
                                .size = twm->size(),
                                .sha256 = digest_of(*twm),
                                .wasm_sha256 = digest_of(wasm)});
    files_.push_back(std::move(*twm));
    return *this;
  }

  Launch& step(Step step) {
    manifest.steps.push_back(std::move(step));
    return *this;
  }

  LaunchResult run() {
    manifest.accepted_signers = {signer_->public_key()};
    const Result<LaunchManifest> decoded = decode_manifest(encode_manifest(manifest));
    EXPECT_TRUE(decoded) << decoded.error().message;
    const LaunchResult result = launch(*decoded,
                                       {.accepted_signers = decoded->accepted_signers,
                                        .mrenclave = {},
                                        .cpu_features = ~uint64_t{0},
                                        .guest_stack_guard = uint64_t{1} << 20,
                                        .wasm_features = {}},
                                       *this);
    const Result<LaunchResult> encoded = decode_launch_result(encode_launch_result(result));
    EXPECT_TRUE(encoded) << encoded.error().message;
    return *encoded;
  }

  Result<std::vector<uint8_t>> read(uint32_t module, uint64_t /*size*/) override { return files_[module]; }

 private:
  std::unique_ptr<codegen::Signer> signer_ = codegen::make_ephemeral_signing_key().value();
  std::vector<std::vector<uint8_t>> files_;
};

LaunchResult run(std::string_view text) {
  return Launch().module("app", text).run();
}

LaunchResult invoke(std::string_view text, std::string function, std::vector<WireValue> arguments = {}) {
  Launch launch;
  launch.module("app", text);
  launch.manifest.invoke = std::move(function);
  launch.manifest.invoke_arguments = std::move(arguments);
  return launch.run();
}

// An empty report where nothing trapped.
const TrapReport& trap_of(const LaunchResult& result) {
  static const TrapReport none;
  return result.trap ? *result.trap : none;
}

std::vector<std::string> names(const TrapReport& trap) {
  std::vector<std::string> names;
  names.reserve(trap.frames.size());
  for (const BacktraceFrame& frame : trap.frames) names.push_back(frame.module + ":" + frame.function_name);
  return names;
}

TEST(Runtime, AProgramThatReturnsExitsWithZero) {
  const LaunchResult result = run(R"((module (func (export "_start"))))");
  EXPECT_EQ(result.status, LaunchStatus::exited) << result.error;
  EXPECT_EQ(result.exit_code, 0U);
}

TEST(Runtime, ProcExitEndsTheProgramWithItsCode) {
  const LaunchResult result = run(R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (func $deep (call $exit (i32.const 7)) unreachable)
    (func (export "_start") (call $deep))))");
  EXPECT_EQ(result.status, LaunchStatus::exited) << result.error;
  EXPECT_EQ(result.exit_code, 7U);
}

TEST(Runtime, ATrapNamesTheFunctionsOnTheStack) {
  const LaunchResult result = run(R"((module
    (memory 1)
    (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func $middle (param i32) (result i32) (i32.add (i32.const 1) (call $divide (i32.const 1) (local.get 0))))
    (func (export "_start") (drop (call $middle (i32.load (i32.const 0)))))))");
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_EQ(trap_of(result).kind, abi::TrapKind::integer_divide_by_zero);
  EXPECT_EQ(trap_of(result).message, "integer divide by zero");
  ASSERT_FALSE(trap_of(result).frames.empty());
  EXPECT_EQ(names(trap_of(result))[0], "app:divide") << "also where the compiler inlined it";
  EXPECT_NE(trap_of(result).frames[0].wasm_offset, 0U);
}

TEST(Runtime, AnAccessOutOfBoundsIsATrap) {
  const LaunchResult result = invoke(R"((module (memory 1)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))))",
                                     "load", {i32(65533)});
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_EQ(trap_of(result).kind, abi::TrapKind::out_of_bounds_memory_access);
}

TEST(Runtime, EndlessRecursionIsATrapWhoseMiddleIsLeftOut) {
  const LaunchResult result = run(R"((module
    (global $depth (mut i32) (i32.const 0))
    (func $recurse (result i32)
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (i32.add (call $recurse) (global.get $depth)))
    (func (export "_start") (drop (call $recurse)))))");
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_EQ(trap_of(result).kind, abi::TrapKind::call_stack_exhausted);
  EXPECT_GT(trap_of(result).frames_omitted, 1000U);
  EXPECT_EQ(names(trap_of(result)).front(), "app:recurse");
  EXPECT_THAT(names(trap_of(result)).back(), "app:_start");
}

TEST(Runtime, ABacktraceCrossesModules) {
  const LaunchResult result = Launch()
                                  .module("library", R"((module (func $fail (export "fail") unreachable)))")
                                  .module("app", R"((module (import "library" "fail" (func $fail))
                                                       (func (export "_start") (call $fail))))")
                                  .run();
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_THAT(names(trap_of(result)), ElementsAre("library:fail", "app:_start"));
}

TEST(Runtime, AnInvokedFunctionTakesArgumentsAndReturnsValues) {
  const LaunchResult result = invoke(R"((module
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $ready (i32.const 100)))
    (func (export "both") (param i32 i64) (result i64 i32)
      (local.get 1) (i32.add (local.get 0) (global.get $ready)))))",
                                     "both", {i32(5), {.type = 0x7E, .low = ~uint64_t{0}, .high = 0}});
  ASSERT_EQ(result.status, LaunchStatus::exited) << result.error;
  EXPECT_THAT(result.values, ElementsAre(WireValue{.type = 0x7E, .low = ~uint64_t{0}, .high = 0}, i32(105)));
}

TEST(Runtime, APreloadedReactorIsInitialised) {
  const LaunchResult result = Launch()
                                  .module("library", R"((module
                                     (global $value (mut i32) (i32.const 0))
                                     (func (export "_initialize") (global.set $value (i32.const 3)))
                                     (func (export "value") (result i32) (global.get $value))))")
                                  .module("app", R"((module
                                     (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                                     (import "library" "value" (func $value (result i32)))
                                     (func (export "_start") (call $exit (call $value)))))")
                                  .run();
  EXPECT_EQ(result.exit_code, 3U) << result.error;
}

TEST(Runtime, RefusesArgumentsOfOtherTypes) {
  constexpr std::string_view text = R"((module (func (export "f") (param i32))))";
  EXPECT_THAT(invoke(text, "f", {}).error, HasSubstr("takes 1 arguments, not 0"));
  EXPECT_THAT(invoke(text, "f", {{.type = 0x7E, .low = 0, .high = 0}}).error,
              HasSubstr("parameter's type i32"));
  EXPECT_THAT(invoke(text, "g", {}).error, HasSubstr("exports no function `g`"));
}

TEST(Runtime, RefusesAProgramWithoutAStart) {
  const LaunchResult result = run("(module)");
  EXPECT_EQ(result.status, LaunchStatus::refused);
  EXPECT_THAT(result.error, HasSubstr("exports no function `_start`"));
}

TEST(Runtime, NamesAnImportThatIsNotThere) {
  EXPECT_THAT(run(R"((module (import "env" "f" (func)) (func (export "_start"))))").error,
              HasSubstr("import \"env\" \"f\": unknown import: there is no module of that name"));
  EXPECT_THAT(run(R"((module (import "wasi_snapshot_preview1" "f" (func)) (func (export "_start"))))").error,
              HasSubstr("no such export"));
  EXPECT_THAT(
      run(R"((module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))) (func (export "_start"))))")
          .error,
      HasSubstr("incompatible import type: a function (i64) → () is imported, (i32) → () is there"));
}

TEST(Runtime, SpectestIsThereInScriptsOnly) {
  EXPECT_THAT(run(R"((module (import "spectest" "print" (func)) (func (export "_start"))))").error,
              HasSubstr("unknown import"));
}

TEST(Runtime, MemoryGrowStopsAtTheLimit) {
  Launch launch;
  launch.module("app", R"((module (memory 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))))");
  launch.manifest.limits.memory_bytes = 3 * wasm::page_size + 5;  // the last five bytes are no page
  launch.manifest.invoke = "grow";
  launch.manifest.invoke_arguments = {i32(2)};
  EXPECT_THAT(launch.run().values, ElementsAre(i32(1)));
  launch.manifest.invoke_arguments = {i32(3)};
  EXPECT_THAT(launch.run().values, ElementsAre(i32(~0U)));
}

TEST(Runtime, RefusesAMemoryThatBeginsBeyondTheLimit) {
  Launch launch;
  launch.module("app", R"((module (memory 4) (func (export "_start"))))");
  launch.manifest.limits.memory_bytes = 3 * wasm::page_size;
  EXPECT_THAT(launch.run().error, HasSubstr("raise --max-memory"));
}

TEST(Runtime, TableGrowStopsAtTheLimit) {
  Launch launch;
  launch.module("app", R"((module (table 1 funcref)
    (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0)))))");
  launch.manifest.limits.table_elements = 10;
  launch.manifest.invoke = "grow";
  launch.manifest.invoke_arguments = {i32(9)};
  EXPECT_THAT(launch.run().values, ElementsAre(i32(1)));
  launch.manifest.invoke_arguments = {i32(10)};
  EXPECT_THAT(launch.run().values, ElementsAre(i32(~0U)));
}

TEST(Runtime, RefusesMoreInstancesThanTheLimit) {
  Launch launch;
  launch.module("one", "(module)").module("app", R"((module (func (export "_start"))))");
  launch.manifest.limits.instances = 1;
  EXPECT_THAT(launch.run().error, HasSubstr("may have only 1 instances"));
}

TEST(Runtime, ATrapInTheStartFunctionEndsTheLaunch) {
  const LaunchResult result =
      run(R"((module (func $begin unreachable) (start $begin) (func (export "_start"))))");
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_THAT(names(trap_of(result)), ElementsAre("app:begin"));
}

TEST(Runtime, ASegmentThatDoesNotFitEndsTheLaunch) {
  const LaunchResult result =
      run(R"((module (memory 1) (data (i32.const 65535) "ab") (func (export "_start"))))");
  ASSERT_EQ(result.status, LaunchStatus::trapped) << result.error;
  EXPECT_EQ(trap_of(result).kind, abi::TrapKind::out_of_bounds_memory_access);
}

TEST(Runtime, AHostFunctionCanBeCalledThroughATable) {
  const LaunchResult result = run(R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (table funcref (elem $exit))
    (func (export "_start") (call_indirect (param i32) (i32.const 9) (i32.const 0)))))");
  EXPECT_EQ(result.exit_code, 9U) << result.error;
}

// The exporter's table keeps a function of the instance that was released, so the instance must have stayed.
TEST(Runtime, AnInstanceWhoseFunctionGotOutIsNotReleased) {
  Launch launch;
  launch
      .module("owner", R"((module (table (export "table") 1 funcref)
        (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0)))))")
      .module("guest", R"((module (import "owner" "table" (table 1 funcref))
        (global $answer (mut i32) (i32.const 42))
        (func $answer (result i32) (global.get $answer))
        (elem (i32.const 0) $answer)))")
      .step({.kind = StepKind::instantiate, .module = 0, .instance = 0, .name = {}, .arguments = {}})
      .step(
          {.kind = StepKind::register_instance, .module = 0, .instance = 0, .name = "owner", .arguments = {}})
      .step({.kind = StepKind::instantiate, .module = 1, .instance = 0, .name = {}, .arguments = {}})
      .step({.kind = StepKind::release, .module = 0, .instance = 1, .name = {}, .arguments = {}})
      .step({.kind = StepKind::invoke, .module = 0, .instance = 0, .name = "call", .arguments = {}});
  const LaunchResult result = launch.run();
  ASSERT_EQ(result.steps.size(), 5U) << result.error;
  EXPECT_THAT(result.steps[4].values, ElementsAre(i32(42))) << result.steps[4].message;
}

TEST(Runtime, AReleasedInstanceIsGone) {
  Launch launch;
  launch.module("app", R"((module (func (export "f"))))")
      .step({.kind = StepKind::instantiate, .module = 0, .instance = 0, .name = {}, .arguments = {}})
      .step({.kind = StepKind::release, .module = 0, .instance = 0, .name = {}, .arguments = {}})
      .step({.kind = StepKind::invoke, .module = 0, .instance = 0, .name = "f", .arguments = {}});
  const LaunchResult result = launch.run();
  ASSERT_EQ(result.steps.size(), 3U) << result.error;
  EXPECT_EQ(result.steps[2].outcome, StepOutcome::failed);
  EXPECT_THAT(result.steps[2].message, HasSubstr("is gone"));
}

}  // namespace
}  // namespace twine::enclave

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  twine::testing::start_in_process_pages();
  twine::testing::set_host(
      [] { twine::testing::test_arena_header().result = -static_cast<int64_t>(twine::wasi::Errno::io); });
  return RUN_ALL_TESTS();
}

#include "common/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace twine {
namespace {

using testing::HasSubstr;

LaunchManifest sample() {
  LaunchManifest manifest;
  manifest.modules.push_back(
      {.name = "app", .kind = ModuleKind::twm, .size = 1000, .sha256 = {1}, .wasm_sha256 = {2}});
  manifest.accepted_signers.push_back({3});
  manifest.arguments = {"app.wasm", "--flag", "grüße"};
  manifest.environment = {"HOME=/", "EMPTY="};
  manifest.mounts = {{.guest_path = "/data", .read_only = true}};
  return manifest;
}

LaunchManifest script() {
  LaunchManifest manifest = sample();
  manifest.steps = {
      {.kind = StepKind::instantiate, .module = 0, .instance = 0, .name = {}, .arguments = {}},
      {.kind = StepKind::invoke, .module = 0, .instance = 0, .name = "f", .arguments = {{0x7F, 1, 0}}}};
  return manifest;
}

std::string refusal(const LaunchManifest& manifest) {
  const Result<LaunchManifest> decoded = decode_manifest(encode_manifest(manifest));
  return decoded ? "accepted" : decoded.error().message;
}

TEST(Manifest, DecodesToTheSameBytes) {
  for (const LaunchManifest& manifest : {sample(), script()}) {
    const std::vector<uint8_t> bytes = encode_manifest(manifest);
    const Result<LaunchManifest> decoded = decode_manifest(bytes);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(encode_manifest(*decoded), bytes);
    EXPECT_EQ(decoded->arguments, manifest.arguments);
  }
}

TEST(Manifest, RefusesEveryTruncation) {
  const std::vector<uint8_t> bytes = encode_manifest(script());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_manifest(std::span(bytes).first(size))) << size;
  }
}

// A flip that still decodes must mean something else: one meaning has one encoding.
TEST(Manifest, HasNoTwoEncodingsOneBitApart) {
  const std::vector<uint8_t> bytes = encode_manifest(script());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<uint8_t> flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    if (const Result<LaunchManifest> decoded = decode_manifest(flipped)) {
      EXPECT_EQ(encode_manifest(*decoded), flipped);
    }
  }
}

TEST(Manifest, RefusesAnotherVersionAndSaysWhatToDo) {
  LaunchManifest manifest = sample();
  manifest.version = kManifestVersion + 1;
  EXPECT_THAT(refusal(manifest), HasSubstr("use the twine that belongs to it"));
}

TEST(Manifest, RefusesALaunchOfNothing) {
  LaunchManifest manifest = sample();
  manifest.modules.clear();
  EXPECT_THAT(refusal(manifest), HasSubstr("no module to run"));
}

TEST(Manifest, RefusesToRunABareModule) {
  LaunchManifest manifest = sample();
  manifest.modules[0].kind = ModuleKind::wasm;
  EXPECT_THAT(refusal(manifest), HasSubstr("`app` is not compiled"));
}

TEST(Manifest, RefusesANulInAnArgument) {
  LaunchManifest manifest = sample();
  manifest.arguments[1] = std::string("a\0b", 3);
  EXPECT_THAT(refusal(manifest), HasSubstr("argument 1 has a NUL"));
}

TEST(Manifest, RefusesAnEnvironmentEntryWithoutAName) {
  LaunchManifest manifest = sample();
  for (const char* entry : {"HOME", "=x", ""}) {
    manifest.environment = {entry};
    EXPECT_THAT(refusal(manifest), HasSubstr("is not NAME=VALUE")) << entry;
  }
}

TEST(Manifest, RefusesARangeOfTimesThatEndsBeforeItBegins) {
  LaunchManifest manifest = sample();
  manifest.wall_time = WallTimeRange{.not_before = 5, .not_after = 5};
  EXPECT_EQ(refusal(manifest), "accepted");
  manifest.wall_time->not_after = 4;
  EXPECT_THAT(refusal(manifest), ::testing::HasSubstr("ends before it begins"));
}

TEST(Manifest, RefusesTwoMountsAtOnePath) {
  LaunchManifest manifest = sample();
  manifest.mounts.push_back(manifest.mounts[0]);
  EXPECT_THAT(refusal(manifest), HasSubstr("mounted more than once"));
  manifest.mounts[1] = {.guest_path = "/tmp", .read_only = true, .memory_bytes = 1};
  EXPECT_THAT(refusal(manifest), HasSubstr("would stay empty"));
  manifest.mounts[1] = {.guest_path = "/tmp", .memory_bytes = kMaxMemoryMounts};
  EXPECT_EQ(refusal(manifest), "accepted");
  manifest.mounts.push_back({.guest_path = "/tmp2", .memory_bytes = 1});
  EXPECT_THAT(refusal(manifest), HasSubstr("512 MiB together"));
}

TEST(Manifest, RefusesArgumentsForNoFunction) {
  LaunchManifest manifest = sample();
  manifest.invoke_arguments = {{0x7F, 1, 0}};
  EXPECT_THAT(refusal(manifest), HasSubstr("none to invoke"));
}

TEST(Manifest, RefusesAStepOnAnInstanceThatIsNotThere) {
  LaunchManifest manifest = script();
  manifest.steps[1].instance = 1;
  EXPECT_THAT(refusal(manifest), HasSubstr("step 1 names an instance"));
}

TEST(Manifest, RefusesAStepOnAModuleThatIsNotThere) {
  LaunchManifest manifest = script();
  manifest.steps[0].module = 1;
  EXPECT_THAT(refusal(manifest), HasSubstr("step 0 names a module"));
}

TEST(Manifest, RefusesFieldsThatAStepDoesNotUse) {
  LaunchManifest manifest = script();
  manifest.steps[0].name = "x";
  EXPECT_THAT(refusal(manifest), HasSubstr("does not use"));
}

TEST(LaunchResult, DecodesToTheSameBytes) {
  LaunchResult result;
  result.status = LaunchStatus::trapped;
  result.trap =
      TrapReport{.kind = abi::TrapKind::integer_overflow,
                 .message = "integer overflow",
                 .frames = {{.module = "app", .function = 3, .function_name = "f", .wasm_offset = 0x1a3}},
                 .frames_omitted = 0};
  result.steps = {
      {.outcome = StepOutcome::success, .values = {{0x7E, ~uint64_t{0}, 0}}, .trap = {}, .message = {}}};
  const std::vector<uint8_t> bytes = encode_launch_result(result);
  const Result<LaunchResult> decoded = decode_launch_result(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(encode_launch_result(*decoded), bytes);
}

TEST(LaunchResult, RefusesATrapKindThatDoesNotExist) {
  LaunchResult result;
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): that is the point
  const auto unknown = static_cast<abi::TrapKind>(99);
  result.trap = TrapReport{.kind = unknown, .message = {}, .frames = {}, .frames_omitted = 0};
  EXPECT_FALSE(decode_launch_result(encode_launch_result(result)));
}

}  // namespace
}  // namespace twine

// Modules compiled on the spot, and the cache of the results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/files/files.h"
#include "host/launch/modules.h"
#include "host/launch/twm_file.h"

namespace twine::host {
namespace {

using ::testing::HasSubstr;

// (module (func (export "answer") (result i32) i32.const 42))
const std::vector<uint8_t> kAnswer = {0x00, 'a',  's',  'm',  0x01, 0x00, 0x00, 0x00, 0x01, 0x05,
                                      0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01, 0x00, 0x07,
                                      0x0a, 0x01, 0x06, 'a',  'n',  's',  'w',  'e',  'r',  0x00,
                                      0x00, 0x0a, 0x06, 0x01, 0x04, 0x00, 0x41, 0x2a, 0x0b};

class ModuleCache : public ::testing::Test {
 protected:
  ModuleCache() {
    char name[] = "/tmp/twine-cache-XXXXXX";
    directory_ = mkdtemp(name);
    ::setenv("XDG_CACHE_HOME", (directory_ / "cache").c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (directory_ / "config").c_str(), 1);
    settings_.options.jobs = 1;
  }
  ~ModuleCache() override { std::filesystem::remove_all(directory_); }

  CompiledModule make() {
    auto module = make_module("answer.wasm", kAnswer, settings_);
    EXPECT_TRUE(module) << module.error().message;
    return module ? std::move(*module) : CompiledModule{};
  }

  std::vector<std::filesystem::path> entries() const {
    std::vector<std::filesystem::path> found;
    const auto modules = directory_ / "cache" / "twine" / "modules";
    if (!std::filesystem::exists(modules)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(modules)) found.push_back(entry.path());
    return found;
  }

  std::filesystem::path directory_;
  CompileSettings settings_;
};

TEST_F(ModuleCache, CompilesOnceAndServesTheSameBytesAfterwards) {
  const CompiledModule first = make();
  const CompiledModule second = make();
  EXPECT_TRUE(first.compiled);
  EXPECT_FALSE(second.compiled);
  EXPECT_EQ(first.twm, second.twm);
  EXPECT_EQ(first.signer, user_public_key().value().value()) << "signed with the key made on first use";
  ASSERT_EQ(entries().size(), 1);
  struct stat status{};
  ::stat(entries()[0].c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST_F(ModuleCache, CompilesAgainForOtherOptions) {
  make();
  settings_.options.optimisation_level = 0;
  EXPECT_TRUE(make().compiled);
  settings_.options.enclave.fill(7);
  EXPECT_TRUE(make().compiled);
  EXPECT_EQ(entries().size(), 3);
}

TEST_F(ModuleCache, CompilesAgainForAnotherKey) {
  make();
  std::filesystem::remove_all(directory_ / "config");
  EXPECT_TRUE(make().compiled);
}

TEST_F(ModuleCache, ReplacesAnEntryWithAnyByteChanged) {
  const std::vector<uint8_t> good = make().twm;
  const auto entry = entries().at(0);
  for (size_t at = 0; at < good.size(); at += 97) {
    std::vector<uint8_t> bad = good;
    bad[at] ^= 0x10;
    ASSERT_TRUE(write_file(entry, bad));
    const CompiledModule again = make();
    EXPECT_TRUE(again.compiled) << "byte " << at;
    EXPECT_EQ(again.twm, good);
    if (at > 97 * 12) break;  // each costs a compilation
  }
  EXPECT_EQ(read_file(entry, 1 << 20).value(), good);
}

TEST_F(ModuleCache, ReplacesAnEntryThatIsCutShort) {
  const std::vector<uint8_t> good = make().twm;
  const auto entry = entries().at(0);
  for (const size_t size : {size_t{0}, size_t{8}, size_t{143}, good.size() - 1}) {
    ASSERT_TRUE(write_file(entry, std::span(good).first(size)));
    EXPECT_TRUE(make().compiled) << size;
  }
}

TEST_F(ModuleCache, IsLeftAloneWhenSwitchedOff) {
  settings_.use_cache = false;
  EXPECT_TRUE(make().compiled);
  EXPECT_TRUE(make().compiled);
  EXPECT_TRUE(entries().empty());
}

TEST_F(ModuleCache, ThatCannotBeWrittenIsAWarningOnly) {
  std::ofstream(directory_ / "cache") << "a file where the directory should be";
  const CompiledModule module = make();
  EXPECT_TRUE(module.compiled);
  EXPECT_THAT(module.warning, HasSubstr("cannot be kept"));
}

TEST_F(ModuleCache, TakesACompiledModuleAsItIs) {
  const CompiledModule made = make();
  const auto taken = make_module("answer.twm", made.twm, settings_);
  ASSERT_TRUE(taken);
  EXPECT_FALSE(taken->compiled);
  EXPECT_EQ(taken->twm, made.twm);
  EXPECT_EQ(taken->wasm_sha256, sha256(kAnswer));
}

TEST_F(ModuleCache, SaysWhatAFileThatIsNoModuleSeemsToBe) {
  const auto message = [this](std::string_view text) {
    return make_module("file", std::vector<uint8_t>(text.begin(), text.end()), settings_).error().message;
  };
  EXPECT_THAT(message(""), HasSubstr("empty"));
  EXPECT_THAT(message("  (module)"), HasSubstr("wat2wasm"));
  EXPECT_THAT(message("\x7f"
                      "ELF\x02"),
              HasSubstr("clang-19 --target=wasm32-wasi"));
  EXPECT_THAT(message("hello"), HasSubstr("neither a WebAssembly module"));
}

TEST(TwmFile, RefusesEveryTruncationAndEveryFlippedByte) {
  CompileSettings settings;
  settings.use_cache = false;
  char name[] = "/tmp/twine-twm-XXXXXX";
  ::setenv("XDG_CONFIG_HOME", mkdtemp(name), 1);
  const auto module = make_module("answer.wasm", kAnswer, settings);
  std::filesystem::remove_all(name);
  ASSERT_TRUE(module) << module.error().message;
  std::vector<uint8_t> file = module->twm;
  const auto accepted = [](std::span<const uint8_t> bytes) {
    const auto twm = parse_twm(bytes);
    return twm && verify_twm(*twm, bytes);
  };
  ASSERT_TRUE(accepted(file));
  for (size_t size = 0; size < file.size(); size += size < 600 ? 1 : 113)
    EXPECT_FALSE(accepted(std::span(file).first(size)));
  for (size_t at = 0; at < file.size(); at += at < 600 ? 1 : 113) {
    file[at] ^= 1;
    EXPECT_FALSE(accepted(file)) << "byte " << at;
    file[at] ^= 1;
  }
}

}  // namespace
}  // namespace twine::host

// The WebAssembly 2.0 test suite as far as loading goes: one test a .wast file.
//
// wast2json splits a file into modules and commands. Of those commands
//
//   module, assert_unlinkable, assert_uninstantiable   must load
//   assert_invalid                                     must be refused as ErrorCode::invalid_module
//   assert_malformed, binary                           must be refused as ErrorCode::malformed, or
//   ::unsupported where
//                                                      the bytes have a meaning in a later proposal
//   assert_malformed, text                             are about the text format, which Twine does not read:
//   counted only all others                                         run code, which is for the engine's suite
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wasm/module.h"

namespace {

namespace fs = std::filesystem;
using twine::ErrorCode;

std::vector<uint8_t> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> suite_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(TWINE_WASM_SPEC_TESTS)) {
    if (entry.path().extension() == ".wast") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// Counts over the whole run, printed at its end.
class Tally : public ::testing::Environment {
 public:
  static std::map<std::string, int>& counts() {
    static std::map<std::string, int> counts;
    return counts;
  }
  void TearDown() override {
    for (const auto& [what, count] : counts()) std::cout << what << ": " << count << '\n';
  }
};
[[maybe_unused]] const auto* const tally = ::testing::AddGlobalTestEnvironment(new Tally);

// A scratch directory of this test that is gone afterwards.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (fs::temp_directory_path() / "twine-wast-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;  // what stays behind is in the temporary directory
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

class WasmSpecSuite : public ::testing::TestWithParam<fs::path> {
 protected:
  // Converts the .wast file; the commands of its JSON.
  nlohmann::json commands() {
    const fs::path json = scratch_.path() / "suite.json";
    const std::string command =
        std::string(TWINE_WAST2JSON) + " '" + GetParam().string() + "' -o '" + json.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ifstream file(json);
    return nlohmann::json::parse(file).at("commands");
  }

  std::string outcome(const std::string& filename) {
    const auto bytes = read_file(scratch_.path() / filename);
    const auto module = twine::wasm::load(bytes);
    if (module) return "loads";
    error_ = module.error().message;
    switch (module.error().code) {
      case ErrorCode::invalid_module:
        return "invalid";
      case ErrorCode::malformed:
        return "malformed";
      case ErrorCode::unsupported:
        ++Tally::counts()["of these, refused as unsupported"];
        return "malformed";
      default:
        return "other error";
    }
  }

  ScratchDirectory scratch_;
  std::string error_;
};

TEST_P(WasmSpecSuite, LoadsWhatIsValidAndRefusesTheRest) {
  static const std::map<std::string, std::string> wanted{{"module", "loads"},
                                                         {"assert_unlinkable", "loads"},
                                                         {"assert_uninstantiable", "loads"},
                                                         {"assert_invalid", "invalid"},
                                                         {"assert_malformed", "malformed"}};
  for (const auto& command : commands()) {
    const std::string type = command.at("type");
    const auto rule = wanted.find(type);
    if (rule == wanted.end()) continue;
    if (command.value("module_type", "binary") == "text") {
      ++Tally::counts()[type + " of text, not applicable"];
      continue;
    }
    ++Tally::counts()[type];
    error_.clear();
    EXPECT_EQ(outcome(command.at("filename")), rule->second)
        << GetParam().filename() << ":" << command.at("line") << ": " << type << " "
        << command.value("text", "") << "\n  " << error_;
    if (!error_.empty()) {
      EXPECT_TRUE(error_.starts_with("byte 0x")) << error_;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Suite, WasmSpecSuite, ::testing::ValuesIn(suite_files()), [](const auto& parameter) {
  std::string name = parameter.param.stem().string();
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace

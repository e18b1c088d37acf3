// Golden tests of the WebAssembly loader. Each file in golden/wasm is one test: input and expected outcome
// together.
//
//   ;; Free words: what is shown, and which rule of the specification it is.
//   ;; features: tail_call extended_const relaxed_simd        optional; those enabled
//   ;; expect: CLASS: MESSAGE                                 or "expect: valid"
//   input
//
// CLASS is malformed, invalid, unsupported or limit. The input is a text module in a .wat file, converted
// without checks by wat2wasm; in a .hex file it is bytes in hexadecimal and "strings", with ;; comments to
// the end of the line.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "wasm/module.h"

namespace {

namespace fs = std::filesystem;
using twine::ErrorCode;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<uint8_t> bytes_of_hex(const std::string& text) {
  std::vector<uint8_t> bytes;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (const size_t comment = line.find(";;"); comment != std::string::npos) line.erase(comment);
    for (size_t i = 0; i < line.size();) {
      if (std::isspace(static_cast<unsigned char>(line[i])) != 0) {
        ++i;
      } else if (line[i] == '"') {
        const size_t close = line.find('"', i + 1);
        EXPECT_NE(close, std::string::npos) << "string without an end: " << line;
        if (close == std::string::npos) break;
        bytes.insert(bytes.end(), line.begin() + static_cast<ptrdiff_t>(i) + 1,
                     line.begin() + static_cast<ptrdiff_t>(close));
        i = close + 1;
      } else {
        size_t used = 0;
        bytes.push_back(static_cast<uint8_t>(std::stoul(line.substr(i, 2), &used, 16)));
        EXPECT_EQ(used, 2U) << "bytes have two digits: " << line;
        i += 2;
      }
    }
  }
  return bytes;
}

std::vector<uint8_t> bytes_of_wat(const fs::path& source) {
  std::string pattern = (fs::temp_directory_path() / "twine-golden-XXXXXX").string();
  const int file = mkstemp(pattern.data());
  EXPECT_GE(file, 0);
  const std::string command = std::string(TWINE_WAT2WASM) +
                              " --no-check --enable-tail-call --enable-extended-const '" + source.string() +
                              "' -o '" + pattern + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  const std::string bytes = read_text(pattern);
  fs::remove(pattern);
  return {bytes.begin(), bytes.end()};
}

// The rest of the line that starts with `;; KEY: `.
std::optional<std::string> header(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  const std::string start = ";; " + key + ": ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return std::nullopt;
}

twine::wasm::Features features_of(const std::string& names) {
  twine::wasm::Features features;
  std::istringstream words(names);
  for (std::string word; words >> word;) {
    if (word == "tail_call")
      features.tail_call = true;
    else if (word == "extended_const")
      features.extended_const = true;
    else if (word == "relaxed_simd")
      features.relaxed_simd = true;
    else
      ADD_FAILURE() << "no such feature: " << word;
  }
  return features;
}

std::string class_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::invalid_module:
      return "invalid";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::limit:
      return "limit";
    default:
      return "another class";
  }
}

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(TWINE_GOLDEN_DIRECTORY)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

class WasmGolden : public ::testing::TestWithParam<fs::path> {};

TEST_P(WasmGolden, HasTheOutcomeThatTheFileStates) {
  const std::string text = read_text(GetParam());
  const std::string expected = header(text, "expect").value_or("");
  ASSERT_FALSE(expected.empty()) << "the file lacks a line \";; expect: …\"";
  const auto bytes = GetParam().extension() == ".hex" ? bytes_of_hex(text) : bytes_of_wat(GetParam());
  const auto module = twine::wasm::load(bytes, features_of(header(text, "features").value_or("")));
  EXPECT_EQ(module ? "valid" : class_of(module.error().code) + ": " + module.error().message, expected);
}

INSTANTIATE_TEST_SUITE_P(Loader, WasmGolden, ::testing::ValuesIn(golden_files()), [](const auto& parameter) {
  std::string name = parameter.param.stem().string();
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace

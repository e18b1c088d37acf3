// What gdb and perf are given: symbol files, unwinding rows, perf's map. That gdb understands them, tests/e2e/debugging shows.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "host/debug/debug_frame.h"
#include "host/debug/perf_map.h"
#include "host/debug/symbol_file.h"
#include "host/debug/symbols.h"

namespace twine::host::debug {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CodeSymbols two_functions() {
  return {.begin = 0x10000,
          .end = 0x10040,
          .functions = {{.address = 0x10000, .size = 0x10, .name = "first"},
                        {.address = 0x10010, .size = 0x30, .name = "_ZN5twine3runEi"}},
          .debug_frame =
              make_debug_frame(std::vector<FrameRow>{{0x10000, 8}, {0x10001, 16}, {0x10010, 8}}, 0x10040)};
}

template <typename T>
T at(const std::vector<uint8_t>& bytes, size_t offset) {
  T value{};
  EXPECT_LE(offset + sizeof value, bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST(SymbolFile, IsReadBackAsItWasWritten) {
  const CodeSymbols read = enclave_symbols(make_symbol_file(two_functions()), 0).value();
  EXPECT_EQ(read.begin, 0x10000U);
  EXPECT_EQ(read.end, 0x10040U);
  ASSERT_EQ(read.functions.size(), 2U);
  EXPECT_EQ(read.functions[1].address, 0x10010U);
  EXPECT_EQ(read.functions[1].size, 0x30U);
  EXPECT_EQ(read.functions[1].name, "_ZN5twine3runEi");
  EXPECT_EQ(read.debug_frame, two_functions().debug_frame);
}

TEST(SymbolFile, IsMovedWithTheImage) {
  const CodeSymbols read = enclave_symbols(make_symbol_file(two_functions()), 0x7000'0000'0000).value();
  EXPECT_EQ(read.begin, 0x7000'0001'0000U);
  EXPECT_EQ(read.functions[0].address, 0x7000'0001'0000U);
}

TEST(SymbolFile, CutAnywhereIsRefusedOrReadWithoutHarm) {
  const std::vector<uint8_t> file = make_symbol_file(two_functions());
  for (size_t size = 0; size < file.size(); ++size) {
    const auto read = enclave_symbols(std::span(file).first(size), 0);
    EXPECT_FALSE(read.has_value()) << size << ": the section headers come last";
  }
}

TEST(SymbolFile, LeavesOutFunctionsThatDoNotLieInTheCode) {
  CodeSymbols symbols = two_functions();
  symbols.functions.push_back({.address = 0x20000, .size = 8, .name = "outside"});
  symbols.functions.push_back({.address = 0x10038, .size = ~uint64_t{0}, .name = "endless"});
  EXPECT_EQ(enclave_symbols(make_symbol_file(symbols), 0).value().functions.size(), 2U);
}

TEST(DebugFrame, BeginsAnEntryWhereverAFunctionMayBegin) {
  const std::vector<uint8_t> frames = two_functions().debug_frame;
  const size_t first = 4 + at<uint32_t>(frames, 0);  // behind the common entry
  EXPECT_EQ(at<uint32_t>(frames, 4), 0xffff'ffffU);
  EXPECT_EQ(at<uint64_t>(frames, first + 8), 0x10000U);
  EXPECT_EQ(at<uint64_t>(frames, first + 16), 0x10U);
  const size_t second = first + 4 + at<uint32_t>(frames, first);
  EXPECT_EQ(at<uint64_t>(frames, second + 8), 0x10010U);
  EXPECT_EQ(at<uint64_t>(frames, second + 16), 0x30U) << "to the end of the code";
  EXPECT_EQ(second + 4 + at<uint32_t>(frames, second), frames.size());
}

TEST(DebugFrame, SaysNothingAboutCodeThatCannotBeUnwound) {
  const auto frames =
      make_debug_frame(std::vector<FrameRow>{{0x100, kNoFrame}, {0x200, 8}, {0x300, kNoFrame}}, 0x400);
  const size_t only = 4 + at<uint32_t>(frames, 0);
  EXPECT_EQ(at<uint64_t>(frames, only + 8), 0x200U);
  EXPECT_EQ(at<uint64_t>(frames, only + 16), 0x100U);
  EXPECT_EQ(only + 4 + at<uint32_t>(frames, only), frames.size());
}

TEST(DebugFrame, IsMovedButForFunctionsThatTheLinkerDropped) {
  const auto frames = make_debug_frame(std::vector<FrameRow>{{0x0, 8}, {0x100, 8}}, 0x200);
  const auto moved = relocate_debug_frame(frames, 0x5000);
  const size_t dropped = 4 + at<uint32_t>(moved, 0);
  EXPECT_EQ(at<uint64_t>(moved, dropped + 8), 0U);
  EXPECT_EQ(at<uint64_t>(moved, dropped + 4 + at<uint32_t>(moved, dropped) + 8), 0x5100U);
}

TEST(DebugFrame, ThatIsDamagedIsLeftAsItIsFromThereOn) {
  std::vector<uint8_t> frames = two_functions().debug_frame;
  std::memset(frames.data(), 0xff, 4);  // 64-bit DWARF, which nobody writes here
  EXPECT_EQ(relocate_debug_frame(frames, 0x5000), frames);
}

TEST(PerfMap, HasALineAFunctionWithReadableNames) {
  std::filesystem::path path;
  {
    const auto map = PerfMap::create().value();
    path = map->path();
    CodeSymbols symbols = two_functions();
    symbols.functions[0].name = "new\nline";
    ASSERT_TRUE(map->add(symbols, "app.wasm"));
  }
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  std::filesystem::remove(path);
  EXPECT_THAT(lines, ElementsAre("10000 10 new?line [app.wasm]", "10010 30 twine::run(int) [app.wasm]"));
}

TEST(PerfMap, FollowsNoLinkThatSomebodyLaid) {
  const std::filesystem::path path = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  const std::filesystem::path victim = path.string() + ".victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, path);
  {
    const auto map = PerfMap::create().value();
    ASSERT_TRUE(map->add(two_functions(), "app.wasm"));
  }
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  std::stringstream kept;
  kept << std::ifstream(victim).rdbuf();
  EXPECT_EQ(kept.str(), "precious");
  std::filesystem::remove(path);
  std::filesystem::remove(victim);
}

}  // namespace
}  // namespace twine::host::debug

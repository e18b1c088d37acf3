// What an attacker can do to a module's bytes: cut, flip, reorder, lie about sizes. Every answer is a loaded
// module or an error with an offset inside the file and a reason; sanitizers watch the rest.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "wasm/module.h"
#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;

// Loads; checks the form of an error.
bool loads(const Bytes& bytes) {
  const auto module = load(bytes, all_features);
  if (module) return true;
  const std::string& message = module.error().message;
  EXPECT_TRUE(message.starts_with("byte 0x")) << message;
  char* rest = nullptr;
  const auto offset = std::strtoull(message.c_str() + std::string("byte ").size(), &rest, 16);
  EXPECT_LE(offset, bytes.size()) << message;
  EXPECT_GT(std::string(rest).size(), std::string(": ").size()) << message;
  EXPECT_TRUE(module.error().code == ErrorCode::malformed ||
              module.error().code == ErrorCode::invalid_module ||
              module.error().code == ErrorCode::unsupported || module.error().code == ErrorCode::limit)
      << message;
  return false;
}

TEST(HostileWasm, IsRefusedWhenCutAnywhereButBetweenSectionsThatStandAlone) {
  const Bytes whole = testing::rich_module();
  // A prefix is a module of its own after the header, the types and the imports; then functions lack their
  // bodies and the data count its data, until the data is there.
  std::set<size_t> complete{8};
  size_t at = 8;
  const auto sections = testing::rich_sections();
  for (size_t i = 0; i < sections.size(); ++i) {
    at += sections[i].size();
    if (i < 2 || i + 2 >= sections.size()) complete.insert(at);
  }
  for (size_t size = 0; size <= whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(loads(cut), complete.contains(size)) << size << " of " << whole.size() << " bytes";
  }
}

TEST(HostileWasm, IsLoadedOrRefusedWithAnOffsetWhateverAByteIsReplacedBy) {
  const Bytes whole = testing::rich_module();
  size_t refused = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    Bytes bytes = whole;
    for (unsigned flip = 1; flip < 256; ++flip) {
      bytes[i] = static_cast<uint8_t>(whole[i] ^ flip);
      if (!loads(bytes)) ++refused;
    }
  }
  EXPECT_GT(refused, whole.size() * 128);  // most of them
}

TEST(HostileWasm, IsRefusedWithTwoSectionsExchanged) {
  const auto sections = testing::rich_sections();
  const size_t ordered = sections.size() - 1;  // the last is a custom section, which may stand anywhere
  for (size_t i = 0; i < ordered; ++i) {
    for (size_t j = i + 1; j < ordered; ++j) {
      auto exchanged = sections;
      std::swap(exchanged[i], exchanged[j]);
      Bytes bytes = testing::make_module({});
      for (const Bytes& part : exchanged) bytes.insert(bytes.end(), part.begin(), part.end());
      EXPECT_FALSE(loads(bytes)) << i << ", " << j;
    }
  }
}

TEST(HostileWasm, IsRefusedWithASizeOf2To32MinusOneInPlaceOfAnyByte) {
  const Bytes whole = testing::rich_module();
  const Bytes huge{0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
  for (size_t i = 8; i < whole.size(); ++i) {
    Bytes bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(i));
    bytes.insert(bytes.end(), huge.begin(), huge.end());
    bytes.insert(bytes.end(), whole.begin() + static_cast<ptrdiff_t>(i) + 1, whole.end());
    EXPECT_FALSE(loads(bytes)) << i;  // if only because the section does not fit its size any more
  }
}

TEST(HostileWasm, IsRefusedWithACountOf2To32MinusOneInEverySection) {
  for (uint8_t id = 1; id <= 12; ++id) {
    if (id == 8) continue;  // the start section holds an index, and no count
    const Bytes count{0xFF, 0xFF, 0xFF, 0xFF, 0x0F};
    EXPECT_FALSE(loads(testing::make_module({testing::section(id, count)}))) << int{id};
    // And with zeros after it, so that items could be read.
    const Bytes filled = testing::concat({count, Bytes(1000, 0)});
    EXPECT_FALSE(loads(testing::make_module({testing::section(id, filled)}))) << int{id};
  }
}

}  // namespace
}  // namespace twine::wasm

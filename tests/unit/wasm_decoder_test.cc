#include <gtest/gtest.h>

#include <string>

#include "wasm/limits.h"
#include "wasm/module.h"
#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;
using testing::concat;
using testing::end;
using testing::leb;
using testing::make_module;
using testing::name;
using testing::section;
using testing::sized;
using testing::vec;

std::string error_of(const Bytes& bytes) {
  const auto module = decode(bytes);
  return module ? "decodes" : module.error().message;
}

class RichModule : public ::testing::Test {
 protected:
  Bytes bytes_ = testing::rich_module();
  Result<Module> module_ = load(bytes_);

  void SetUp() override { ASSERT_TRUE(module_) << module_.error().message; }
};

TEST_F(RichModule, PutsImportsFirstInEveryIndexSpace) {
  EXPECT_EQ(module_->imported_functions, 1U);
  EXPECT_EQ(module_->functions.size(), 3U);
  EXPECT_EQ(module_->imported_globals, 1U);
  EXPECT_EQ(module_->globals.size(), 4U);
  EXPECT_EQ(module_->imports[1].kind, ExternalKind::global);
  EXPECT_EQ(module_->imports[1].index, 0U);
  EXPECT_EQ(module_->function_type(1).params, (std::vector{ValueType::i32, ValueType::i64}));
  EXPECT_TRUE(module_->functions[0].body.empty());
}

TEST_F(RichModule, PointsIntoItsBytes) {
  const Function& function = module_->functions[1];
  EXPECT_EQ(function.body.data(), bytes_.data() + function.offset);
  const DataSegment& data = module_->data[1];
  EXPECT_EQ(data.mode, DataSegment::Mode::passive);
  EXPECT_EQ(std::string(data.bytes.begin(), data.bytes.end()), "passive");
  EXPECT_EQ(module_->code_section_offset + 2, function.offset);  // count and size take a byte each
}

TEST_F(RichModule, TellsApartTheEightFormsOfElementSegments) {
  using enum ElementSegment::Mode;
  const auto& elements = module_->elements;
  ASSERT_EQ(elements.size(), 8U);
  const ElementSegment::Mode modes[] = {active, passive, active, declarative,
                                        active, passive, active, declarative};
  for (size_t i = 0; i < elements.size(); ++i) EXPECT_EQ(elements[i].mode, modes[i]) << i;
  EXPECT_EQ(elements[1].functions, std::vector<uint32_t>{2});
  EXPECT_EQ(elements[4].expressions.size(), 1U);
  EXPECT_EQ(elements[6].table, 1U);
  EXPECT_EQ(elements[6].type, ValueType::externref);
  EXPECT_EQ(elements[0].size() + elements[7].size(), 2U);
}

TEST_F(RichModule, KnowsWhichFunctionsAreReferencedOutsideOfBodies) {
  EXPECT_TRUE(module_->functions[0].is_referenced);  // declarative segment
  EXPECT_TRUE(module_->functions[1].is_referenced);  // export
  EXPECT_TRUE(module_->functions[2].is_referenced);  // passive segment
  const Bytes plain = testing::one_function({0x60, 0x00, 0x00}, {end});
  EXPECT_FALSE(decode(plain)->functions[0].is_referenced);
}

TEST_F(RichModule, FindsExportsCustomSectionsAndNames) {
  EXPECT_EQ(module_->find_export("memory")->kind, ExternalKind::memory);
  EXPECT_EQ(module_->find_export("Memory"), nullptr);
  EXPECT_NE(module_->find_custom_section("name"), nullptr);
  EXPECT_EQ(module_->find_custom_section("dylink.0"), nullptr);
  EXPECT_EQ(module_->function_name(0), "f");
  EXPECT_EQ(module_->function_name(1), "main");
  EXPECT_EQ(module_->function_name(2), "");
}

TEST(WasmDecoder, DecodesTheEmptyModule) {
  EXPECT_EQ(error_of(make_module({})), "decodes");
}

TEST(WasmDecoder, RefusesWhatIsNoModule) {
  EXPECT_EQ(error_of({}),
            "byte 0x0: unexpected end, magic header of 4 bytes does not fit in the 0 that are left");
  EXPECT_EQ(error_of(testing::text("\x7f"
                                   "ELF")),
            "byte 0x0: magic header not detected: this is not a WebAssembly module");
  EXPECT_EQ(error_of({0x00, 0x61, 0x73, 0x6D, 0x0D, 0x00, 0x01, 0x00}),  // a component
            "byte 0x4: unknown binary version: this is not a core module of version 1");
}

TEST(WasmDecoder, RefusesSectionsOutOfOrderAndTwice) {
  const Bytes types = section(1, {0x00});
  const Bytes memories = section(5, {0x00});
  EXPECT_EQ(error_of(make_module({memories, types})),
            "byte 0xb: unexpected content: the type section comes after the memory section");
  EXPECT_EQ(error_of(make_module({types, types})),
            "byte 0xb: unexpected content: the type section comes twice");
}

TEST(WasmDecoder, PlacesTheDataCountBeforeTheCode) {
  EXPECT_EQ(error_of(make_module({section(12, {0x00}), section(10, {0x00}), section(11, {0x00})})),
            "decodes");
  EXPECT_EQ(error_of(make_module({section(10, {0x00}), section(12, {0x00})})),
            "byte 0xb: unexpected content: the data count section comes after the code section");
}

TEST(WasmDecoder, RefusesASectionWithBytesToSpare) {
  EXPECT_EQ(error_of(make_module({section(1, {0x00, 0x00})})),
            "byte 0xb: section size mismatch: 1 bytes follow the contents of the type section");
}

TEST(WasmDecoder, RefusesASectionThatIsLongerThanTheFile) {
  EXPECT_EQ(error_of(make_module({{0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}})),
            "byte 0xe: unexpected end, type section of 4294967295 bytes does not fit in the 0 that are left");
}

TEST(WasmDecoder, RefusesFunctionsWithoutBodiesAndBodiesWithoutFunctions) {
  const Bytes types = section(1, vec({{0x60, 0x00, 0x00}}));
  EXPECT_EQ(error_of(make_module({types, section(3, vec({{0x00}}))})),
            "byte 0x12: function and code section have inconsistent lengths: 1 functions, 0 bodies");
  EXPECT_EQ(error_of(make_module({types, section(10, vec({sized({0x00, end})}))})),
            "byte 0x10: function and code section have inconsistent lengths: 0 functions, 1 bodies");
}

TEST(WasmDecoder, NamesTheProposalsThatItDoesNotImplement) {
  const auto shared = decode(make_module({section(5, vec({{0x03, 0x01, 0x02}}))}));
  EXPECT_EQ(shared.error().code, ErrorCode::unsupported);
  EXPECT_EQ(shared.error().message, "byte 0xb: shared memory (threads) is not supported");
  EXPECT_EQ(error_of(make_module({section(5, vec({{0x04, 0x01}}))})),
            "byte 0xb: 64-bit memory (memory64) is not supported");
  EXPECT_EQ(error_of(make_module({section(13, {0x00})})),
            "byte 0x8: tag section (exception handling) is not supported");
}

TEST(WasmDecoder, RefusesMoreParametersThanTheLimit) {
  const auto with_params = [](uint32_t count) {
    return make_module({section(1, vec({concat({{0x60}, leb(count), Bytes(count, testing::i32), {0x00}})}))});
  };
  EXPECT_TRUE(decode(with_params(limits::params)));
  EXPECT_EQ(decode(with_params(limits::params + 1)).error().code, ErrorCode::limit);
}

TEST(WasmDecoder, IgnoresABrokenNameSection) {
  const Bytes broken[] = {{0x01, 0x7F},                               // subsection longer than the section
                          {0x01, 0x05, 0x02, 0x01, 0x01, 'a', 0x00},  // not ascending
                          {0x01, 0x03, 0xFF, 0xFF, 0x03},             // count beyond the bytes
                          {0x01, 0x04, 0x01, 0x00, 0x01, 0xFF}};      // not UTF-8
  for (const Bytes& contents : broken) {
    EXPECT_EQ(error_of(make_module({section(0, concat({name("name"), contents}))})), "decodes");
  }
}

TEST(WasmDecoder, AcceptsCustomSectionsAnywhere) {
  const Bytes custom = section(0, concat({name("x"), {0x01, 0x02}}));
  const Bytes bytes = make_module({custom, section(1, {0x00}), custom, section(5, {0x00}), custom});
  const auto module = decode(bytes);
  ASSERT_TRUE(module);
  EXPECT_EQ(module->custom_sections.size(), 3U);
  EXPECT_EQ(module->custom_sections[2].bytes.size(), 2U);
}

}  // namespace
}  // namespace twine::wasm

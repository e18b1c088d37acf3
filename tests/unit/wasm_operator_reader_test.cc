#include "wasm/operator_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;
using testing::concat;
using testing::end;

// The first operator of the code.
Result<Operator> first(const Bytes& code, const Features& features = {}) {
  return OperatorReader(code, 0x40, features).next();
}

TEST(WasmOperatorReader, KnowsEveryOneOfThe2_0InstructionsAndTheLaterOnes) {
  size_t core = 0;
  size_t tail_calls = 0;
  size_t relaxed = 0;
  for (const OpcodeInfo& properties : opcode_table) {
    if (!properties.exists()) continue;
    if (properties.feature == Feature::core) ++core;
    if (properties.feature == Feature::tail_call) ++tail_calls;
    if (properties.feature == Feature::relaxed_simd) ++relaxed;
  }
  // Index of instructions (appendix 7.6): 183 of one byte, 18 after 0xFC, 236 after 0xFD.
  EXPECT_EQ(core, 183U + 18U + 236U);
  EXPECT_EQ(tail_calls, 2U);
  EXPECT_EQ(relaxed, 20U);
}

TEST(WasmOperatorReader, GivesOffsetsFromTheStartOfTheFile) {
  const Bytes code{0x01, 0x41, 0x80, 0x01, 0x1A, end};
  OperatorReader reader(code, 0x40, {});
  std::vector<uint32_t> offsets;
  while (!reader.done()) offsets.push_back(reader.next()->offset);
  EXPECT_EQ(offsets, (std::vector<uint32_t>{0x40, 0x41, 0x44, 0x45}));
  EXPECT_TRUE(reader.finish());
}

TEST(WasmOperatorReader, ReadsTheThreeKindsOfBlockType) {
  EXPECT_EQ(first({0x02, 0x40})->block_type.kind, BlockType::Kind::empty);
  const auto value = first({0x03, 0x7C});
  EXPECT_EQ(value->block_type.kind, BlockType::Kind::value);
  EXPECT_EQ(value->block_type.value, ValueType::f64);
  const auto index = first({0x04, 0x80, 0x01});
  EXPECT_EQ(index->block_type.kind, BlockType::Kind::function_type);
  EXPECT_EQ(index->block_type.type_index, 128U);
  EXPECT_FALSE(first({0x02, 0x41}));  // negative, and not a type
}

TEST(WasmOperatorReader, ReadsConstantsOfEveryType) {
  EXPECT_EQ(first({0x41, 0x7F})->i32, -1);
  EXPECT_EQ(first({0x42, 0x80, 0x7F})->i64, -128);
  EXPECT_EQ(first({0x43, 0x00, 0x00, 0xC0, 0x7F})->f32_bits, 0x7FC00000U);
  EXPECT_EQ(first({0x44, 0, 0, 0, 0, 0, 0, 0xF0, 0xBF})->f64_bits, 0xBFF0000000000000U);
  const auto vector = first({0xFD, 0x0C, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  EXPECT_EQ(vector->opcode, Opcode::v128_const);
  for (uint8_t i = 0; i < 16; ++i) EXPECT_EQ(vector->bytes.at(i), i);
}

TEST(WasmOperatorReader, ReadsBranchTablesAndTheirDefault) {
  const Bytes code{0x0E, 0x03, 0x00, 0x80, 0x01, 0x02, 0x05, end};
  OperatorReader reader(code, 0, {});
  const auto op = reader.next();
  EXPECT_EQ(std::vector(op->targets.labels.begin(), op->targets.labels.end()),
            (std::vector<uint32_t>{0, 128, 2}));
  EXPECT_EQ(op->targets.default_label, 5U);
}

TEST(WasmOperatorReader, RefusesABranchTableLongerThanTheBody) {
  const auto op = first({0x0E, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00});
  ASSERT_FALSE(op);
  EXPECT_EQ(op.error().code, ErrorCode::malformed);
}

TEST(WasmOperatorReader, ReadsMemoryAccessesWithTheirLane) {
  const auto load = first({0x28, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F});
  EXPECT_EQ(load->memory_access.align, 2U);
  EXPECT_EQ(load->memory_access.offset, 0xFFFFFFFFU);
  const auto lane = first({0xFD, 0x54, 0x00, 0x10, 0x0F});
  EXPECT_EQ(lane->opcode, Opcode::v128_load8_lane);
  EXPECT_EQ(lane->memory_access.offset, 16U);
  EXPECT_EQ(lane->memory_access.lane, 15U);
}

TEST(WasmOperatorReader, AcceptsAPrefixedOpcodeInLongerLeb) {
  EXPECT_EQ(first({0xFC, 0x80, 0x00})->opcode, Opcode::i32_trunc_sat_f32_s);
}

TEST(WasmOperatorReader, RefusesCodesThatAreNoInstruction) {
  EXPECT_EQ(first({0xFF}).error().message, "byte 0x40: illegal opcode 0xff");
  EXPECT_EQ(first({0x06}).error().message, "byte 0x40: illegal opcode 0x6");
  EXPECT_EQ(first({0xFC, 0x12}).error().message, "byte 0x40: illegal opcode 0xfc 0x12");
  EXPECT_EQ(first({0xFD, 0x9A, 0x01}).error().message, "byte 0x40: illegal opcode 0xfd 0x9a");
  EXPECT_FALSE(first({0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}));
}

TEST(WasmOperatorReader, NamesTheProposalOfAnInstructionThatIsNotEnabled) {
  const auto tail_call = first({0x12, 0x00});
  EXPECT_EQ(tail_call.error().code, ErrorCode::unsupported);
  EXPECT_EQ(tail_call.error().message, "byte 0x40: return_call needs tail calls, which are not enabled");
  EXPECT_TRUE(first({0x12, 0x00}, {.tail_call = true}));
  EXPECT_EQ(first({0xFD, 0x80, 0x02}).error().code, ErrorCode::unsupported);
  EXPECT_EQ(first({0xFD, 0x80, 0x02}, {.relaxed_simd = true})->opcode, Opcode::i8x16_relaxed_swizzle);
  EXPECT_EQ(first({0xFE, 0x10, 0x02, 0x00}).error().message,
            "byte 0x40: atomic instructions (threads) are not supported");
}

TEST(WasmOperatorReader, RefusesBytesAfterTheLastEnd) {
  const Bytes code{end, 0x01};
  OperatorReader reader(code, 0x40, {});
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(reader.done());
  EXPECT_FALSE(reader.finish());
}

TEST(WasmOperatorReader, RefusesCodeWithoutAnEnd) {
  const Bytes code{0x02, 0x40, end};
  OperatorReader reader(code, 0x40, {});
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.next());
  EXPECT_FALSE(reader.done());
  EXPECT_FALSE(reader.next());
}

TEST(WasmOperatorReader, SplitsABodyIntoLocalsAndCode) {
  const Bytes body{0x02, 0x03, testing::i32, 0x00, testing::f64, end};
  const auto parts = read_body(body, 0x40, 1);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->local_count, 3U);
  EXPECT_EQ(parts->locals.size(), 2U);
  EXPECT_EQ(parts->code_offset, 0x45U);
  EXPECT_EQ(parts->code.size(), 1U);
}

TEST(WasmOperatorReader, CountsParametersAgainstTheLimitOfLocals) {
  const Bytes body = concat({{0x01}, testing::leb(50'000), {testing::i32, end}});
  EXPECT_TRUE(read_body(body, 0, 0));
  EXPECT_EQ(read_body(body, 0, 1).error().code, ErrorCode::limit);
}

TEST(WasmOperatorReader, RefusesLocalsWhoseSumOverflows32Bits) {
  const Bytes run = concat({testing::leb(0xFFFFFFFF), {testing::i32}});
  const Bytes body = concat({{0x02}, run, {0x01, testing::i32, end}});
  EXPECT_EQ(read_body(body, 0, 0).error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace twine::wasm

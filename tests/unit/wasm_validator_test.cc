#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm/limits.h"
#include "wasm_builder.h"

namespace twine::wasm {
namespace {

using testing::Bytes;
using testing::concat;
using testing::end;
using testing::leb;
using testing::make_module;
using testing::name;
using testing::one_function;
using testing::section;
using testing::sized;
using testing::vec;

const Bytes nullary{0x60, 0x00, 0x00};

std::string error_of(const Bytes& bytes, const Features& features = {}) {
  const auto module = load(bytes, features);
  return module ? "valid" : module.error().message;
}

TEST(WasmValidator, NamesTheInstructionTheTypesAndTheOffset) {
  EXPECT_EQ(error_of(one_function(nullary, {0x41, 0x00, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x6A, 0x1A, end})),
            "byte 0x22: type mismatch in i32.add: expected i32, found f64");
  EXPECT_EQ(error_of(one_function(nullary, {0x6A, 0x1A, end})),
            "byte 0x17: type mismatch in i32.add: expected i32, found nothing");
}

TEST(WasmValidator, RefusesValuesLeftOnTheStack) {
  EXPECT_EQ(error_of(one_function(nullary, {0x41, 0x00, end})),
            "byte 0x19: type mismatch in end: expected the end of the stack, found 1 more values, the "
            "uppermost i32");
}

TEST(WasmValidator, DoesNotLetABlockReachTheOperandsBelowIt) {
  EXPECT_EQ(error_of(one_function(nullary, {0x41, 0x00, 0x02, 0x40, 0x1A, end, end})),
            "byte 0x1b: type mismatch in drop: expected any type, found nothing");
}

TEST(WasmValidator, TypesUnreachableCodeByWhatItStates) {
  EXPECT_EQ(error_of(one_function(nullary, {0x00, 0x6A, 0x1A, end})), "valid");
  EXPECT_EQ(error_of(one_function(nullary, {0x00, 0x42, 0x00, 0x6A, 0x1A, end})),
            "byte 0x1a: type mismatch in i32.add: expected i32, found i64");
}

TEST(WasmValidator, PrefersMalformedToInvalid) {
  // The first body is invalid, the second malformed.
  const Bytes bytes = make_module({section(1, vec({nullary})), section(3, vec({{0x00}, {0x00}})),
                                   section(10, vec({sized({0x00, 0x6A, end}), sized({0x00, 0xFF, end})}))});
  const auto module = load(bytes);
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::malformed);
  EXPECT_EQ(module.error().message, "byte 0x1c: illegal opcode 0xff");
}

TEST(WasmValidator, RefusesElseOutsideOfIfAsMalformed) {
  const auto module = load(one_function(nullary, {0x02, 0x40, 0x05, end, end}));
  EXPECT_EQ(module.error().code, ErrorCode::malformed);
  const auto twice = load(one_function(nullary, {0x41, 0x00, 0x04, 0x40, 0x05, 0x05, end, end}));
  EXPECT_EQ(twice.error().code, ErrorCode::malformed);
}

TEST(WasmValidator, RefusesAnAlignmentBeyondTheWidthOfTheAccess) {
  const auto load_with = [](uint8_t align) {
    return make_module({section(1, vec({nullary})), section(3, vec({{0x00}})),
                        section(5, vec({{0x00, 0x01}})),
                        section(10, vec({sized({0x00, 0x41, 0x00, 0x2F, align, 0x00, 0x1A, end})}))});
  };
  EXPECT_EQ(error_of(load_with(1)), "valid");
  EXPECT_EQ(error_of(load_with(2)), "byte 0x1e: alignment must not be larger than natural in i32.load16_u");
}

TEST(WasmValidator, RefusesASecondMemoryAndMemoriesBeyond4GiB) {
  EXPECT_EQ(error_of(make_module({section(5, vec({{0x00, 0x01}, {0x00, 0x01}}))})),
            "byte 0xd: multiple memories");
  EXPECT_EQ(error_of(make_module({section(5, vec({concat({{0x00}, leb(65536)})}))})), "valid");
  EXPECT_EQ(error_of(make_module({section(5, vec({concat({{0x00}, leb(65537)})}))})),
            "byte 0xb: memory size must be at most 65536 pages (4GiB)");
}

TEST(WasmValidator, PointsAtTheSecondOfTwoExportsOfOneName) {
  EXPECT_EQ(error_of(make_module(
                {section(5, vec({{0x00, 0x01}})),
                 section(7, vec({concat({name("m"), {0x02, 0x00}}), concat({name("a"), {0x02, 0x00}}),
                                 concat({name("m"), {0x02, 0x00}})}))})),
            "byte 0x18: duplicate export name \"m\"");
}

TEST(WasmValidator, RefusesAReferenceToAFunctionThatNothingDeclares) {
  EXPECT_EQ(
      error_of(one_function(nullary, {0xD2, 0x00, 0x1A, end})),
      "byte 0x17: undeclared function reference: function 0 occurs in no export, element segment or global");
}

TEST(WasmValidator, RefusesAnUntypedSelectOfReferences) {
  EXPECT_EQ(error_of(one_function(nullary, {0xD0, 0x70, 0xD0, 0x70, 0x41, 0x00, 0x1B, 0x1A, end})),
            "byte 0x1d: type mismatch in select: expected a number or vector, found funcref; a select of "
            "references "
            "states its type");
  EXPECT_EQ(
      error_of(one_function(nullary, {0xD0, 0x70, 0xD0, 0x70, 0x41, 0x00, 0x1C, 0x01, 0x70, 0x1A, end})),
      "valid");
}

TEST(WasmValidator, AdmitsTailCallsOnlyWhereEnabledAndOnlyWithTheCallersResults) {
  const Bytes same = one_function({0x60, 0x00, 0x01, testing::i32}, {0x12, 0x00, end});
  EXPECT_EQ(error_of(same), "byte 0x18: return_call needs tail calls, which are not enabled");
  EXPECT_EQ(error_of(same, {.tail_call = true}), "valid");
  const Bytes other = make_module(
      {section(1, vec({nullary, {0x60, 0x00, 0x01, testing::i32}})), section(3, vec({{0x00}, {0x01}})),
       section(10, vec({sized({0x00, 0x12, 0x01, end}), sized({0x00, 0x41, 0x00, end})}))});
  EXPECT_EQ(error_of(other, {.tail_call = true}),
            "byte 0x1c: type mismatch in return_call: the results of the called function are not those of "
            "the caller");
}

TEST(WasmValidator, AdmitsIndirectTailCallsWhereEnabled) {
  const Bytes bytes = make_module({section(1, vec({nullary})), section(3, vec({{0x00}})),
                                   section(4, vec({{0x70, 0x00, 0x01}})),
                                   section(10, vec({sized({0x00, 0x41, 0x00, 0x13, 0x00, 0x00, end})}))});
  EXPECT_EQ(error_of(bytes, {.tail_call = true}), "valid");
}

TEST(WasmValidator, FindsTheTypeOfALocalBehindManyRuns) {
  // 40,000 i32 locals, a run of none, then one f64, which is returned.
  const Bytes body = concat({{0x03},
                             leb(40'000),
                             {testing::i32, 0x00, testing::i64, 0x01, testing::f64, 0x20},
                             leb(40'000),
                             {end}});
  const auto returning = [&](uint8_t type) {
    return make_module({section(1, vec({{0x60, 0x00, 0x01, type}})), section(3, vec({{0x00}})),
                        section(10, vec({sized(body)}))});
  };
  EXPECT_EQ(error_of(returning(testing::f64)), "valid");
  EXPECT_NE(error_of(returning(testing::i32)), "valid");
}

TEST(WasmValidator, BoundsTheDepthOfBlocks) {
  const auto nested = [](uint32_t depth) {
    Bytes code;
    for (uint32_t i = 0; i < depth; ++i) code.insert(code.end(), {0x02, 0x40});
    code.insert(code.end(), depth + 1, end);
    return one_function(nullary, code);
  };
  EXPECT_EQ(error_of(nested(limits::control_depth)), "valid");
  EXPECT_EQ(load(nested(limits::control_depth + 1)).error().code, ErrorCode::limit);
}

TEST(WasmValidator, BoundsTheHeightOfTheOperandStack) {
  // Each block leaves 1,000 results out of nothing, in code that cannot be reached.
  const Bytes type = concat({{0x60, 0x00}, leb(1000), Bytes(1000, testing::i32)});
  Bytes code{0x00};
  for (int i = 0; i < 1002; ++i) code.insert(code.end(), {0x02, 0x00, 0x00, end});
  code.push_back(end);
  EXPECT_EQ(load(one_function(type, code)).error().code, ErrorCode::limit);
}

// ---- FunctionValidator as a code generator uses it ----

TEST(FunctionValidator, ShowsOperandsAndFramesBeforeEachOperator) {
  // (param i32) (result i64): block (result i64)  i64.const 1  local.get 0  br_if 0  end
  const Bytes bytes = one_function({0x60, 0x01, testing::i32, 0x01, testing::i64},
                                   {0x02, testing::i64, 0x42, 0x01, 0x20, 0x00, 0x0D, 0x00, end, end});
  const auto module = decode(bytes);
  ASSERT_TRUE(module);
  FunctionValidator function(*module, {});
  ASSERT_TRUE(function.begin(0));
  EXPECT_EQ(function.local_count(), 1U);
  EXPECT_EQ(function.local_type(0), ValueType::i32);
  bool saw_branch = false;
  while (!function.done()) {
    const auto op = function.read();
    ASSERT_TRUE(op);
    if (op->opcode == Opcode::br_if) {
      saw_branch = true;
      EXPECT_EQ(std::vector(function.operands().begin(), function.operands().end()),
                (std::vector{ValueType::i64, ValueType::i32}));
      EXPECT_EQ(function.depth(), 2U);
      EXPECT_EQ(function.frame(0).opcode, Opcode::block);
      EXPECT_EQ(function.frame(0).label_types().size(), 1U);
      EXPECT_EQ(function.frame(0).height, 0U);
      EXPECT_EQ(function.frame(1).opcode, Opcode::call);
    }
    ASSERT_TRUE(function.check(*op));
  }
  EXPECT_TRUE(saw_branch);
  EXPECT_TRUE(function.finish());
}

TEST(FunctionValidator, KnowsWhatCannotBeReached) {
  const Bytes bytes = one_function(nullary, {0x02, 0x40, 0x0C, 0x00, 0x01, end, 0x01, end});
  const auto module = decode(bytes);
  FunctionValidator function(*module, {});
  ASSERT_TRUE(function.begin(0));
  std::vector<bool> reachable;
  while (!function.done()) {
    const auto op = function.read();
    if (op->opcode == Opcode::nop) reachable.push_back(function.reachable());
    ASSERT_TRUE(function.check(*op));
  }
  EXPECT_EQ(reachable, (std::vector{false, true}));
}

TEST(FunctionValidator, ServesOneFunctionAfterAnother) {
  const Bytes bytes = testing::rich_module();
  const auto module = load(bytes);
  ASSERT_TRUE(module);
  FunctionValidator function(*module, {});
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(function.run(1));
    EXPECT_TRUE(function.run(2));
  }
}

}  // namespace
}  // namespace twine::wasm

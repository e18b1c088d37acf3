// LoopRerollingPass on loops unrolled by hand: executed before and after, memory and results must be the same; and whether it rerolled.
#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "codegen/llvm/loop_rerolling.h"

namespace twine::codegen {
namespace {

constexpr size_t kWords = 512;
using Memory = std::array<uint64_t, kWords>;
// i64 f(ptr memory, i64 iterations)
using Function = uint64_t(void*, uint64_t);

size_t count_stores(const llvm::Module& module) {
  size_t stores = 0;
  for (const llvm::BasicBlock& block : *module.getFunction("f")) {
    for (const llvm::Instruction& instruction : block)
      stores += llvm::isa<llvm::StoreInst>(instruction) ? 1 : 0;
  }
  return stores;
}

struct Outcome {
  uint64_t result = 0;
  Memory memory{};
  size_t stores = 0;  // that stand in the code
};

// Compiles `text`, with the pass or without, and runs it once.
Outcome execute(const std::string& text, bool reroll, uint64_t iterations) {
  auto context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic diagnostic;
  auto module = llvm::parseAssemblyString(text, diagnostic, *context);
  EXPECT_NE(module, nullptr) << diagnostic.getMessage().str() << ", line " << diagnostic.getLineNo() << "\n"
                             << text;
  if (module == nullptr) return {};
  if (reroll) {
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    llvm::FunctionPassManager passes;
    passes.addPass(llvm::LoopSimplifyPass());
    passes.addPass(llvm::LCSSAPass());
    passes.addPass(LoopRerollingPass());
    passes.run(*module->getFunction("f"), functions);
    EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs())) << text;
  }
  Outcome outcome;
  outcome.stores = count_stores(*module);
  for (size_t i = 0; i < kWords; ++i) outcome.memory[i] = (i + 1) * 0x9e3779b97f4a7c15U >> 20;
  auto jit = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  llvm::cantFail(jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context))));
  auto* const function = llvm::cantFail(jit->lookup("f")).toPtr<Function*>();
  outcome.result = function(outcome.memory.data(), iterations);
  return outcome;
}

// What each lane does, on 64-bit words. Word index of iteration i, lane l: base + stride * (i * lanes + l), and the same word in every lane
// when the stride is 0.
struct Access {
  uint64_t base;
  uint64_t stride;
};
struct LoopShape {
  unsigned lanes = 2;
  std::vector<Access> loads;
  std::vector<Access> stores;
  bool reduces = false;
  // Loaded values of so many lanes before, kept in registers from lane to lane and from iteration to iteration.
  unsigned delays = 0;  // needs a load
  // Lanes, as bits, that multiply and add with their operands in the other order.
  unsigned commuted_lanes = 0;
  // What is not as it should be in one lane.
  unsigned odd_lane = 0;  // 0: none
  enum class Oddity : uint8_t {
    none,
    other_word,
    other_constant,
    order_of_accesses,
    uses_counter,
    other_delay  // takes the newest for the oldest; needs two
  } oddity = Oddity::none;
};

std::string word_address(const std::string& name, const Access& access, unsigned lanes, unsigned lane,
                         uint64_t extra) {
  const std::string index = name + ".i";
  return "  " + index + ".s = mul i64 %i, " + std::to_string(access.stride * lanes) + "\n  " + index +
         " = add i64 " + index + ".s, " + std::to_string(access.base + access.stride * lane + extra) +
         "\n  " + name + " = getelementptr inbounds i64, ptr %m, i64 " + index + "\n";
}

std::string to_ir(const LoopShape& shape) {
  std::string body;
  std::string carried = "%sum";
  std::vector<std::string> delayed;  // the oldest first
  for (unsigned i = 0; i < shape.delays; ++i) delayed.push_back("%d" + std::to_string(i));
  const auto combine = [](const std::string& result, const std::string& operation, const std::string& left,
                          const std::string& right, bool commuted) {
    return "  " + result + " = " + operation + " i64 " + (commuted ? right : left) + ", " +
           (commuted ? left : right) + "\n";
  };
  for (unsigned lane = 0; lane < shape.lanes; ++lane) {
    const bool odd = shape.odd_lane != 0 && lane == shape.odd_lane;
    const auto is = [&](LoopShape::Oddity oddity) { return odd && shape.oddity == oddity; };
    const bool commuted = (shape.commuted_lanes >> lane & 1U) != 0;
    const std::string l = std::to_string(lane);
    std::vector<std::string> accesses;
    std::string value = "%v" + l;
    std::string computed =
        "  " + value + " = add i64 0, " + (is(LoopShape::Oddity::other_constant) ? "8" : "7") + "\n";
    std::string loads;
    for (size_t i = 0; i < shape.loads.size(); ++i) {
      const std::string name = "%a" + l + "." + std::to_string(i);
      loads +=
          word_address(name, shape.loads[i], shape.lanes, lane, is(LoopShape::Oddity::other_word) ? 1 : 0);
      loads += "  " + name + ".v = load i64, ptr " + name + "\n";
      computed += combine(value + "." + std::to_string(i), "mul",
                          value + (i == 0 ? "" : "." + std::to_string(i - 1)), name + ".v", commuted);
    }
    std::string last = shape.loads.empty() ? value : value + "." + std::to_string(shape.loads.size() - 1);
    for (unsigned i = 0; i < shape.delays; ++i) {
      const std::string sum = value + ".d" + std::to_string(i);
      const std::string& old = is(LoopShape::Oddity::other_delay) ? delayed.back() : delayed[i];
      computed +=
          "  " + sum + ".m = mul i64 " + last + ", 3\n" + combine(sum, "add", sum + ".m", old, commuted);
      last = sum;
    }
    if (shape.delays != 0) {
      delayed.erase(delayed.begin());
      delayed.push_back("%a" + l + ".0.v");
    }
    if (is(LoopShape::Oddity::uses_counter)) {
      computed += "  " + value + ".c = xor i64 " + last + ", %i\n";
      last = value + ".c";
    }
    std::string stores;
    for (size_t i = 0; i < shape.stores.size(); ++i) {
      const std::string name = "%b" + l + "." + std::to_string(i);
      stores += word_address(name, shape.stores[i], shape.lanes, lane, 0);
      stores += "  store i64 " + last + ", ptr " + name + "\n";
    }
    // A load after the stores, whose place the odd lane changes.
    std::string late;
    if (!shape.loads.empty() && !shape.stores.empty()) {
      late = word_address("%z" + l, shape.stores[0], shape.lanes, lane, 1) + "  %z" + l +
             ".v = load i64, ptr %z" + l + "\n";
    }
    body += loads + computed;
    body += is(LoopShape::Oddity::order_of_accesses) ? late + stores : stores + late;
    if (shape.reduces) {
      body += "  %r" + l + " = add i64 " + carried + ", " + last + "\n";
      carried = "%r" + l;
      if (!late.empty()) {
        body += "  %q" + l + " = add i64 " + carried + ", %z" + l + ".v\n";
        carried = "%q" + l;
      }
    } else if (!late.empty()) {
      // Used, or it would go away before the pass.
      body += word_address("%y" + l, shape.stores[0], shape.lanes, lane, 64) + "  store i64 %z" + l +
              ".v, ptr %y" + l + "\n";
    }
  }
  std::string text =
      "define i64 @f(ptr %m, i64 %n) {\nentry:\n  br label %loop\nloop:\n"
      "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n";
  if (shape.reduces) text += "  %sum = phi i64 [ 1, %entry ], [ " + carried + ", %loop ]\n";
  for (unsigned i = 0; i < shape.delays; ++i)
    text += "  %d" + std::to_string(i) + " = phi i64 [ " + std::to_string(i + 40) + ", %entry ], [ " +
            delayed[i] + ", %loop ]\n";
  text += body +
          "  %next = add nuw nsw i64 %i, 1\n  %bound = and i64 %n, 7\n  %more = icmp ult i64 %i, %bound\n" +
          "  br i1 %more, label %loop, label %done\ndone:\n";
  const std::string result = shape.reduces ? carried : shape.delays != 0 ? delayed.back() : "0";
  text += "  ret i64 " + result + "\n}\n";
  return text;
}

class LoopRerolling : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  }

  // Whether the loop was rerolled; that it does the same is checked.
  static bool rerolls(const LoopShape& shape) {
    const std::string text = to_ir(shape);
    bool rerolled = false;
    for (const uint64_t iterations : {0U, 1U, 2U, 5U}) {
      const Outcome before = execute(text, false, iterations);
      const Outcome after = execute(text, true, iterations);
      EXPECT_EQ(before.result, after.result) << text;
      EXPECT_EQ(before.memory, after.memory) << text;
      rerolled = after.stores < before.stores;
    }
    return rerolled;
  }
};

TEST_F(LoopRerolling, KeepsOneLaneOfALoopThatCopies) {
  for (const unsigned lanes : {2U, 3U, 4U, 5U, 8U}) {
    EXPECT_TRUE(rerolls({.lanes = lanes, .loads = {{0, 1}}, .stores = {{200, 1}}})) << lanes;
    EXPECT_TRUE(rerolls({.lanes = lanes, .loads = {{0, 1}, {100, 0}}, .stores = {{200, 1}}})) << lanes;
  }
}

TEST_F(LoopRerolling, KeepsOneLaneOfAnIntegerReductionThatStores) {
  EXPECT_TRUE(rerolls({.lanes = 4, .loads = {{0, 1}}, .stores = {{200, 1}}, .reduces = true}));
}

TEST_F(LoopRerolling, KeepsOneLaneOfALoopThatRemembersWhatItLoaded) {
  for (const unsigned lanes : {2U, 3U, 4U}) {
    for (const unsigned delays : {1U, 2U, 3U}) {
      EXPECT_TRUE(rerolls({.lanes = lanes, .loads = {{0, 1}}, .stores = {{200, 1}}, .delays = delays}))
          << lanes << " lanes, " << delays << " delays";
    }
  }
}

TEST_F(LoopRerolling, SeesThatLanesDifferOnlyInTheOrderOfOperandsThatCommute) {
  EXPECT_TRUE(
      rerolls({.lanes = 4, .loads = {{0, 1}, {70, 1}}, .stores = {{200, 1}}, .commuted_lanes = 0b0110}));
  EXPECT_TRUE(
      rerolls({.lanes = 4, .loads = {{0, 1}}, .stores = {{200, 1}}, .delays = 2, .commuted_lanes = 0b0101}));
}

TEST_F(LoopRerolling, LeavesALoopAloneWhoseLaneTakesAnotherDelay) {
  for (const unsigned lane : {1U, 2U, 3U}) {
    EXPECT_FALSE(rerolls({.lanes = 4,
                          .loads = {{0, 1}},
                          .stores = {{200, 1}},
                          .delays = 2,
                          .odd_lane = lane,
                          .oddity = LoopShape::Oddity::other_delay}))
        << lane;
  }
}

TEST_F(LoopRerolling, LeavesALoopWhoseLanesOverlapInItsOrderAlone) {
  // Each lane reads what the lane before has written: still the same order, so it may; the results must agree either way.
  static_cast<void>(rerolls({.lanes = 4, .loads = {{0, 1}}, .stores = {{1, 1}}}));
  static_cast<void>(rerolls({.lanes = 4, .loads = {{0, 1}}, .stores = {{3, 0}}}));
}

TEST_F(LoopRerolling, LeavesALoopAloneWhoseLanesDiffer) {
  using Oddity = LoopShape::Oddity;
  for (const Oddity oddity :
       {Oddity::other_word, Oddity::other_constant, Oddity::order_of_accesses, Oddity::uses_counter}) {
    for (const unsigned lane : {1U, 2U, 3U}) {
      const LoopShape shape{
          .lanes = 4, .loads = {{0, 1}}, .stores = {{200, 1}}, .odd_lane = lane, .oddity = oddity};
      EXPECT_FALSE(rerolls(shape)) << static_cast<int>(oddity) << " in lane " << lane;
    }
  }
}

TEST_F(LoopRerolling, NeverChangesWhatARandomLoopDoes) {
  std::mt19937 random(7);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  int rerolled = 0;
  for (int round = 0; round < 150; ++round) {
    LoopShape shape;
    shape.lanes = static_cast<unsigned>(2 + below(7));
    const auto access = [&] { return Access{.base = below(24), .stride = below(3)}; };
    for (uint64_t i = below(3); i-- > 0;) shape.loads.push_back(access());
    for (uint64_t i = 1 + below(2); i-- > 0;) shape.stores.push_back(access());
    shape.reduces = below(2) == 0;
    if (!shape.loads.empty()) shape.delays = static_cast<unsigned>(below(3));
    if (below(2) == 0) shape.commuted_lanes = static_cast<unsigned>(below(256));
    if (below(3) == 0) {
      shape.odd_lane = static_cast<unsigned>(1 + below(shape.lanes - 1));
      shape.oddity = static_cast<LoopShape::Oddity>(1 + below(shape.delays == 2 ? 5 : 4));
    }
    rerolled += rerolls(shape) ? 1 : 0;
    if (HasFailure()) return;
  }
  EXPECT_GT(rerolled, 20) << "the generator shall make loops that the pass takes";
}

}  // namespace
}  // namespace twine::codegen

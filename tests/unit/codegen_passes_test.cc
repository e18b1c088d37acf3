// LoopVersioningPass, LoopNestVersioningPass and ProvenAccessesPass on IR of the shape that the translator emits.
#include <gtest/gtest.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>

#include <memory>
#include <string>

#include "codegen/llvm/loop_nest_versioning.h"
#include "codegen/llvm/loop_versioning.h"
#include "codegen/llvm/proven_accesses.h"
#include "codegen/llvm/reversed_indices.h"

namespace twine::codegen {
namespace {

struct Counts {
  int plain_loads = 0;  // of f64, which the passes themselves never add
  int volatile_loads = 0;
  int plain_stores = 0;
  int volatile_stores = 0;
};

// Every function begins with the memory base in %mb; the linear accesses are of type double.
class Passes : public testing::Test {
 protected:
  static constexpr uint64_t kMinimumMemory = 65536;

  Counts run(const std::string& body, bool versioning, bool pin = false) {
    const std::string text =
        "define void @f(ptr swiftself %ctx, i32 %x, i32 %y, i32 %n, i32 %step) {\nentry:\n"
        "  %mbp = getelementptr inbounds i8, ptr %ctx, i64 16\n"
        "  %mb = load ptr, ptr %mbp, !invariant.load !0\n" +
        body + "}\ndeclare void @g(ptr swiftself)\n!0 = !{}\n";
    llvm::SMDiagnostic diagnostic;
    module_ = llvm::parseAssemblyString(text, diagnostic, context_);
    EXPECT_NE(module_, nullptr) << diagnostic.getMessage().str() << ", line " << diagnostic.getLineNo();
    if (module_ == nullptr) return {};
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
    if (nests_) {
      passes.addPass(LoopNestVersioningPass(kMinimumMemory));
    } else if (versioning) {
      passes.addPass(ReversedIndicesPass());
      passes.addPass(LoopVersioningPass());
    } else {
      passes.addPass(ProvenAccessesPass(kMinimumMemory));
    }
    if (pin) passes.addPass(PinAccessesPass());
    llvm::Function& function = *module_->getFunction("f");
    passes.run(function, functions);
    EXPECT_FALSE(llvm::verifyModule(*module_, &llvm::errs()));
    return count(function);
  }

  Counts run_nests(const std::string& body) {
    nests_ = true;
    return run(body, true);
  }

  static Counts count(const llvm::Function& function) {
    Counts counts;
    for (const llvm::BasicBlock& block : function) {
      for (const llvm::Instruction& instruction : block) {
        if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
            load != nullptr && load->getType()->isDoubleTy()) {
          ++(load->isVolatile() ? counts.volatile_loads : counts.plain_loads);
        } else if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
          ++(store->isVolatile() ? counts.volatile_stores : counts.plain_stores);
        }
      }
    }
    return counts;
  }

  llvm::LLVMContext context_;
  std::unique_ptr<llvm::Module> module_;
  bool nests_ = false;
};

// One loop of the form `do { BODY } while (++i != n)`, i an i32, with the pointers %pa = mb + x + 8 i and %qa
// = mb + y + 8 i.
std::string counted_loop(const std::string& body) {
  return R"(  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.n, %latch ]
  %i8 = shl i32 %i, 3
  %p = add i32 %x, %i8
  %q = add i32 %y, %i8
  %p64 = zext i32 %p to i64
  %q64 = zext i32 %q to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %qa = getelementptr i8, ptr %mb, i64 %q64
)" + body +
         R"(
  br label %latch
latch:
  %i.n = add i32 %i, 1
  %more = icmp ult i32 %i.n, %n
  br i1 %more, label %loop, label %out
out:
  ret void
)";
}

using LoopVersioning = Passes;

TEST_F(LoopVersioning, MakesAffineAccessesOfTheFastCopyPlainAndKeepsTheOtherCopyExact) {
  const Counts counts = run(counted_loop("  %v = load volatile double, ptr %pa, align 1\n"
                                         "  store volatile double %v, ptr %qa, align 1\n"),
                            true);
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.volatile_loads, 1);
  EXPECT_EQ(counts.plain_stores, 1);
  EXPECT_EQ(counts.volatile_stores, 1);
}

TEST_F(LoopVersioning, KeepsStoresVolatileWhileAnAccessOfTheLoopMayStillTrap) {
  const Counts counts = run(counted_loop("  %v = load volatile double, ptr %pa, align 1\n"
                                         "  %b = fptoui double %v to i32\n"
                                         "  %b64 = zext i32 %b to i64\n"
                                         "  %ba = getelementptr i8, ptr %mb, i64 %b64\n"
                                         "  %w = load volatile double, ptr %ba, align 1\n"
                                         "  store volatile double %w, ptr %qa, align 1\n"),
                            true);
  EXPECT_EQ(counts.plain_loads, 1);     // through %pa, in the fast copy
  EXPECT_EQ(counts.volatile_loads, 3);  // through %ba twice, through %pa in the exact copy
  EXPECT_EQ(counts.plain_stores, 0);
  EXPECT_EQ(counts.volatile_stores, 2);
}

TEST_F(LoopVersioning, LeavesALoopWithoutBoundAlone) {
  const Counts counts = run(R"(  br label %loop
loop:
  %p = phi i32 [ %x, %entry ], [ %p.n, %loop ]
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  %p.n = add i32 %p, 8
  %c = fcmp une double %v, 0.0
  br i1 %c, label %loop, label %out
out:
  ret void
)",
                            true);
  EXPECT_EQ(counts.plain_loads, 0);
  EXPECT_EQ(counts.volatile_loads, 1);
}

TEST_F(LoopVersioning, CountsAPointerLoopThatEndsOnInequality) {
  const Counts counts = run(R"(  %n8 = shl i32 %n, 3
  %end = add i32 %y, %n8
  br label %loop
loop:
  %p = phi i32 [ %x, %entry ], [ %p.n, %loop ]
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  store volatile double %v, ptr %pa, align 1
  %p.n = add i32 %p, 8
  %c = icmp ne i32 %p.n, %end
  br i1 %c, label %loop, label %out
out:
  ret void
)",
                            true);
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.plain_stores, 1);
  // end - x need not be a multiple of 8, so the divisibility is part of the check.
  bool checks_divisibility = false;
  for (const llvm::Instruction& instruction : module_->getFunction("f")->getEntryBlock()) {
    const auto* mask = llvm::dyn_cast<llvm::BinaryOperator>(&instruction);
    if (mask == nullptr || mask->getOpcode() != llvm::Instruction::And) continue;
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(mask->getOperand(1));
    if (constant != nullptr && constant->getZExtValue() == 7) checks_divisibility = true;
  }
  EXPECT_TRUE(checks_divisibility);
}

// Two rounds of `for (; n >= 16; n -= 16)` in one: exact where n modulo 32 is at most 15.
TEST_F(LoopVersioning, CountsALoopThatStopsAboveABound) {
  const Counts counts = run(R"(  br label %loop
loop:
  %p = phi i32 [ %x, %entry ], [ %p.n, %loop ]
  %left = phi i32 [ %n, %entry ], [ %left.n, %loop ]
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  store volatile double %v, ptr %pa, align 1
  %p.n = add i32 %p, 32
  %left.n = add i32 %left, -32
  %c = icmp ugt i32 %left.n, 15
  br i1 %c, label %loop, label %out
out:
  ret void
)",
                            true);
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.plain_stores, 1);
}

// The lowest two bits of %i are zero, and of the sum the lowest 29 bits count: %i ^ 0x1ffffffe is -2 - %i there.
TEST_F(LoopVersioning, SeesAnIndexThatRunsBackwardsAsAnExclusiveOr) {
  const auto loop = [](const std::string& constant) {
    return R"(  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.n, %loop ]
  %r = xor i32 %i, )" +
           constant + R"(
  %k = add nuw i32 %x, %r
  %p = shl i32 %k, 3
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  store volatile double %v, ptr %pa, align 1
  %i.n = add i32 %i, 4
  %more = icmp ne i32 %i.n, %n
  br i1 %more, label %loop, label %out
out:
  ret void
)";
  };
  EXPECT_EQ(run(loop("536870910"), true).plain_stores, 1);
  for (const llvm::Instruction& instruction : llvm::instructions(*module_->getFunction("f"))) {
    EXPECT_NE(instruction.getOpcode(), llvm::Instruction::Xor);
    // %r has other upper bits now, so what was promised of the sum no longer holds.
    if (instruction.getName() == "k") {
      EXPECT_FALSE(instruction.hasNoUnsignedWrap());
    }
  }
  EXPECT_EQ(run(loop("536870904"), true).plain_stores, 0);  // bit 2 of %i may be set
}

TEST_F(LoopVersioning, CountsAPointerLoopWhoseEndMovesWithTheOuterLoop) {
  const Counts counts = run(R"(  br label %outer
outer:
  %end = phi i32 [ %y, %entry ], [ %end.n, %latch ]
  %i = phi i32 [ 0, %entry ], [ %i.n, %latch ]
  br label %loop
loop:
  %p = phi i32 [ %x, %outer ], [ %p.n, %loop ]
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  store volatile double %v, ptr %pa, align 1
  %p.n = add i32 %p, 8
  %c = icmp ne i32 %end, %p.n
  br i1 %c, label %loop, label %latch
latch:
  %end.n = add i32 %end, 800
  %i.n = add i32 %i, 1
  %more = icmp ult i32 %i.n, %n
  br i1 %more, label %outer, label %out
out:
  ret void
)",
                            true);
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.plain_stores, 1);
}

TEST_F(LoopVersioning, TakesAStepThatIsKnownOnlyAtRunTime) {
  const Counts counts = run(R"(  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i.n, %loop ]
  %p = phi i32 [ %x, %entry ], [ %p.n, %loop ]
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
  %v = load volatile double, ptr %pa, align 1
  %p.n = add i32 %p, %step
  %i.n = add i32 %i, 1
  %more = icmp ult i32 %i.n, %n
  br i1 %more, label %loop, label %out
out:
  ret void
)",
                            true);
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.volatile_loads, 1);
}

TEST_F(LoopVersioning, FencesTheFastCopyOnBothSides) {
  (void)run(counted_loop("  %v = load volatile double, ptr %pa, align 1\n"
                         "  store volatile double %v, ptr %qa, align 1\n"),
            true);
  int fences = 0;
  for (const llvm::BasicBlock& block : *module_->getFunction("f")) {
    for (const llvm::Instruction& instruction : block)
      fences += llvm::isa<llvm::FenceInst>(instruction) ? 1 : 0;
  }
  EXPECT_EQ(fences, 2);
}

using LoopNests = Passes;

// `for (i = 0; i < 30; ++i) { OUTER; if (GUARD) for (j = START; j < 30; ++j) INNER; }` with %pa = mb + BASE + 256 i + 8 j.
std::string nest(const std::string& base, const std::string& inner, const std::string& outer = "",
                 const std::string& start = "0", const std::string& guard = "true") {
  return R"(  br label %outer
outer:
  %i = phi i32 [ 0, %entry ], [ %i.n, %latch ]
  %after = add i32 %i, 1
  %i256 = shl i32 %i, 8
  %guard = icmp ult i32 %after, 30
)" + outer +
         "  br i1 " + guard + R"(, label %inner, label %latch
inner:
  %j = phi i32 [ )" +
         start + R"(, %outer ], [ %j.n, %inner ]
  %j8 = shl i32 %j, 3
  %ij = add i32 %i256, %j8
  %p = add i32 %ij, )" +
         base + R"(
  %p64 = zext i32 %p to i64
  %pa = getelementptr i8, ptr %mb, i64 %p64
)" + inner +
         R"(  %j.n = add i32 %j, 1
  %c = icmp ne i32 %j.n, 30
  br i1 %c, label %inner, label %latch
latch:
  %i.n = add i32 %i, 1
  %more = icmp ne i32 %i.n, 30
  br i1 %more, label %outer, label %out
out:
  ret void
)";
}

const char* const kIncrement =
    "  %v = load volatile double, ptr %pa, align 1\n  store volatile double %v, ptr %pa, align 1\n";

TEST_F(LoopNests, NeedNoCheckBelowTheMinimumOfTheMemory) {
  const Counts counts = run_nests(nest("1024", kIncrement));
  EXPECT_EQ(counts.plain_loads, 1);
  EXPECT_EQ(counts.plain_stores, 1);
  EXPECT_EQ(counts.volatile_loads, 0);
  EXPECT_EQ(counts.volatile_stores, 0);
}

TEST_F(LoopNests, AreCheckedWhenTheirEndLiesBeyondTheMinimum) {
  // 29 * 256 + 29 * 8 + 8 bytes from 57873 on end at 65537.
  for (const auto& [base, copies] : {std::pair{"57872", 1}, std::pair{"57873", 2}}) {
    const Counts counts = run_nests(nest(base, kIncrement));
    EXPECT_EQ(counts.plain_loads, 1);
    EXPECT_EQ(counts.volatile_loads, copies - 1) << base;
  }
}

TEST_F(LoopNests, AreCheckedOnceWhenTheyBeginAtAnArgument) {
  const Counts counts = run_nests(nest("%x", kIncrement));
  EXPECT_EQ(counts.plain_stores, 1);
  EXPECT_EQ(counts.volatile_stores, 1);
}

TEST_F(LoopNests, MayHaveATriangularLoopThatIsSkippedWhereItsCountIsMinusOne) {
  const Counts skipped = run_nests(nest("1024", kIncrement, "", "%after", "%guard"));
  EXPECT_EQ(skipped.volatile_loads, 0);
  // Without the branch around it, the inner loop runs from 30 up to 2^32 and round to 30 in the last iteration.
  const Counts entered = run_nests(nest("1024", kIncrement, "", "%after"));
  EXPECT_GE(entered.volatile_loads, 1);
}

TEST_F(LoopNests, AreLeftAloneWhenAnAccessDoesNotMoveByConstants) {
  const Counts counts = run_nests(nest("1024",
                                       "  %v = load volatile double, ptr %pa, align 1\n"
                                       "  %b = fptoui double %v to i32\n"
                                       "  %b64 = zext i32 %b to i64\n"
                                       "  %ba = getelementptr i8, ptr %mb, i64 %b64\n"
                                       "  store volatile double %v, ptr %ba, align 1\n"));
  EXPECT_EQ(counts.plain_loads, 0);
  EXPECT_EQ(counts.plain_stores, 0);
}

TEST_F(LoopNests, AreLeftAloneWhenTheyCall) {
  const Counts counts = run_nests(nest("1024", kIncrement, "  call void @g(ptr swiftself %ctx)\n"));
  EXPECT_EQ(counts.plain_stores, 1);  // the inner loop's, which needs no check
  const Counts checked = run_nests(nest("%x", kIncrement, "  call void @g(ptr swiftself %ctx)\n"));
  EXPECT_EQ(checked.plain_stores, 0);
}

TEST_F(LoopNests, TellApartWhatLiesApart) {
  const std::string inner =
      "  %v = load volatile double, ptr %pa, align 1\n"
      "  %q = add i32 %j8, 40000\n"
      "  %q64 = zext i32 %q to i64\n"
      "  %qa = getelementptr i8, ptr %mb, i64 %q64\n"
      "  store volatile double %v, ptr %qa, align 1\n";
  const auto tells_apart = [&](const char* base) {
    run_nests(nest(base, inner));
    for (const llvm::Instruction& instruction : llvm::instructions(*module_->getFunction("f"))) {
      if (llvm::isa<llvm::StoreInst>(instruction))
        return instruction.hasMetadata(llvm::LLVMContext::MD_noalias);
    }
    return false;
  };
  EXPECT_TRUE(tells_apart("1024"));
  EXPECT_TRUE(tells_apart("32336"));  // ends where the other begins
  EXPECT_FALSE(tells_apart("32344"));
  EXPECT_FALSE(tells_apart("40000"));
  EXPECT_TRUE(tells_apart("40240"));
}

using ProvenAccesses = Passes;

std::string at(const std::string& name, const std::string& index, int displacement) {
  return "  %" + name + "z = zext i32 " + index + " to i64\n  %" + name +
         "b = getelementptr i8, ptr %mb, i64 %" + name + "z\n  %" + name + " = getelementptr i8, ptr %" +
         name + "b, i64 " + std::to_string(displacement) + "\n";
}

TEST_F(ProvenAccesses, MakesALoadBelowAnAccessedEndPlain) {
  const Counts counts = run(at("a", "%x", 16) + at("b", "%x", 8) +
                                "  %v = load volatile double, ptr %a, align 1\n"
                                "  %w = load volatile double, ptr %b, align 1\n  ret void\n",
                            false);
  EXPECT_EQ(counts.volatile_loads, 1);
  EXPECT_EQ(counts.plain_loads, 1);
}

TEST_F(ProvenAccesses, KeepsALoadBeyondTheAccessedEndVolatile) {
  const Counts counts = run(at("a", "%x", 8) + at("b", "%x", 9) +
                                "  %v = load volatile double, ptr %a, align 1\n"
                                "  %w = load volatile double, ptr %b, align 1\n  ret void\n",
                            false);
  EXPECT_EQ(counts.volatile_loads, 2);
}

TEST_F(ProvenAccesses, LearnsNothingFromAnotherIndex) {
  const Counts counts = run(at("a", "%x", 8) + at("b", "%y", 0) +
                                "  %v = load volatile double, ptr %a, align 1\n"
                                "  %w = load volatile double, ptr %b, align 1\n  ret void\n",
                            false);
  EXPECT_EQ(counts.volatile_loads, 2);
}

TEST_F(ProvenAccesses, LearnsNothingFromABranchNotTaken) {
  const Counts counts = run(at("a", "%x", 8) +
                                "  %c = icmp eq i32 %n, 0\n  br i1 %c, label %then, label %join\nthen:\n"
                                "  %v = load volatile double, ptr %a, align 1\n  br label %join\njoin:\n"
                                "  %w = load volatile double, ptr %a, align 1\n  ret void\n",
                            false);
  EXPECT_EQ(counts.volatile_loads, 2);
}

TEST_F(ProvenAccesses, NeverMakesAStorePlain) {
  const Counts counts = run(at("a", "%x", 8) +
                                "  %v = load volatile double, ptr %a, align 1\n"
                                "  store volatile double %v, ptr %a, align 1\n  ret void\n",
                            false);
  EXPECT_EQ(counts.volatile_stores, 1);
  EXPECT_EQ(counts.plain_stores, 0);
}

TEST_F(ProvenAccesses, KnowsWhatLiesBelowTheMinimumOfTheMemory) {
  const Counts inside =
      run("  %a = getelementptr i8, ptr %mb, i64 65528\n"
          "  %v = load volatile double, ptr %a, align 1\n  ret void\n",
          false);
  EXPECT_EQ(inside.plain_loads, 1);
  const Counts beyond =
      run("  %a = getelementptr i8, ptr %mb, i64 65529\n"
          "  %v = load volatile double, ptr %a, align 1\n  ret void\n",
          false);
  EXPECT_EQ(beyond.volatile_loads, 1);
}

using PinAccesses = Passes;

TEST_F(PinAccesses, PinsALoadThatOnlyAnotherAccessProves) {
  const Counts counts = run(at("a", "%x", 16) + at("b", "%x", 8) +
                                "  %v = load volatile double, ptr %a, align 1\n"
                                "  %w = load volatile double, ptr %b, align 1\n  ret void\n",
                            false, true);
  EXPECT_EQ(counts.volatile_loads, 2);
}

TEST_F(PinAccesses, LeavesWhatWasCheckedPlain) {
  const Counts constant =
      run("  %a = getelementptr i8, ptr %mb, i64 128\n"
          "  %v = load volatile double, ptr %a, align 1\n  ret void\n",
          false, true);
  EXPECT_EQ(constant.plain_loads, 1);
  const Counts loop = run(counted_loop("  %v = load volatile double, ptr %pa, align 1\n"
                                       "  store volatile double %v, ptr %qa, align 1"),
                          true, true);
  EXPECT_EQ(loop.plain_loads, 1);
  EXPECT_EQ(loop.volatile_loads, 1);
}

}  // namespace
}  // namespace twine::codegen

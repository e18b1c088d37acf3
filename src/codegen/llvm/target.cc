#include "codegen/llvm/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string_view>

#include "common/twm.h"

namespace twine::codegen {
namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

constexpr uint64_t kFeaturesV2 = kCpuSse42 | kCpuPopcnt;
constexpr uint64_t kFeaturesV3 =
    kFeaturesV2 | kCpuAvx | kCpuAvx2 | kCpuBmi1 | kCpuBmi2 | kCpuFma | kCpuLzcnt | kCpuMovbe | kCpuF16c;
constexpr uint64_t kFeaturesV4 = kFeaturesV3 | kCpuAvx512;

struct Level {
  Cpu cpu;
  const char* name;
  uint64_t features;
  // LLVM's names of what distinguishes the level from the one below.
  std::array<std::string_view, 8> distinguishing;
};

constexpr std::array<Level, 3> kLevels = {{
    {Cpu::x86_64_v2, "x86-64-v2", kFeaturesV2, {"sse4.2", "popcnt", "ssse3", "cx16"}},
    {Cpu::x86_64_v3,
     "x86-64-v3",
     kFeaturesV3,
     {"avx", "avx2", "bmi", "bmi2", "fma", "lzcnt", "movbe", "f16c"}},
    {Cpu::x86_64_v4, "x86-64-v4", kFeaturesV4, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
}};

const Level& host_level() {
  static const Level& level = []() -> const Level& {
    const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    const auto has = [&](std::string_view name) { return name.empty() || features.lookup(name); };
    size_t best = 0;
    while (best + 1 < kLevels.size() && std::ranges::all_of(kLevels[best + 1].distinguishing, has)) ++best;
    return kLevels[best];
  }();
  return level;
}

}  // namespace

Result<Cpu> parse_cpu(std::string_view name) {
  if (name == "native") return Cpu::native;
  for (const Level& level : kLevels) {
    if (name == level.name) return level.cpu;
  }
  return fail(
      ErrorCode::invalid_argument,
      "CPU '" + std::string(name) + "' is not known; choose native, x86-64-v2, x86-64-v3 or x86-64-v4");
}

Cpu default_cpu() {
  return host_level().features >= kFeaturesV3 ? Cpu::x86_64_v3 : Cpu::x86_64_v2;
}

TargetCpu target_cpu(Cpu cpu) {
  if (cpu == Cpu::native) {
    return {host_level().name, llvm::sys::getHostCPUName().str(), host_level().features};
  }
  const auto* level = std::ranges::find(kLevels, cpu, &Level::cpu);
  return {level->name, {}, level->features};
}

Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const TargetCpu& cpu,
                                                                 int optimisation_level) {
  static std::once_flag initialised;
  std::call_once(initialised, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  if (target == nullptr) return fail(ErrorCode::internal, "LLVM has no x86-64 back end: " + error);

  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // Wasm has no fused multiply-add
  options.FunctionSections = false;
  options.DataSections = false;
  options.TrapUnreachable = false;
  constexpr std::array<llvm::CodeGenOptLevel, 4> levels = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less, llvm::CodeGenOptLevel::Default,
      llvm::CodeGenOptLevel::Aggressive};
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(kTriple, cpu.level, "", options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                  levels[static_cast<size_t>(optimisation_level)]));
  if (!machine) return fail(ErrorCode::internal, "LLVM could not make a target machine for " + cpu.level);
  // GlobalISel and FastISel stay off at -O0 too: one instruction selector is enough to trust.
  machine->setFastISel(false);
  machine->setO0WantsFastISel(false);
  return machine;
}

}  // namespace twine::codegen

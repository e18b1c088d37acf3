#include "codegen/llvm/target.h"

#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include <array>
#include <mutex>

#include "codegen/llvm/cpu.h"

namespace twine::codegen {
namespace {

constexpr const char* kTriple = "x86_64-unknown-linux-gnu";

}  // namespace

TargetCpu target_cpu(Cpu cpu) {
  const CpuLevel& level = cpu_level(cpu);
  return {level.name, cpu == Cpu::native ? llvm::sys::getHostCPUName().str() : "", level.required_features};
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

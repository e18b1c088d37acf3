// The machine that code is made for: CPU levels, LLVM target machines.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <cstdint>
#include <memory>
#include <string>

#include "codegen/llvm/compile.h"

namespace twine::codegen {

// A CPU choice in LLVM's terms and in the .twm's.
struct TargetCpu {
  std::string level;           // "x86-64-v3": what instructions may be used
  std::string tune;            // CPU model to schedule for; empty: none in particular
  uint64_t required_features;  // CpuFeature bits of common/twm.h
};

// Resolves `native`.
TargetCpu target_cpu(Cpu cpu);

// A target machine for position-independent code of that CPU. Not shared between threads.
Result<std::unique_ptr<llvm::TargetMachine>> make_target_machine(const TargetCpu& cpu,
                                                                 int optimisation_level);

}  // namespace twine::codegen

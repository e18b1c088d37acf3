// CPU levels: what each needs, and which of them this machine has. Without LLVM, so that a launch can ask.
#pragma once

#include <cstdint>

#include "codegen/llvm/compile.h"

namespace twine::codegen {

struct CpuLevel {
  Cpu cpu;
  const char* name;            // of the x86-64 psABI, and LLVM's
  uint64_t required_features;  // CpuFeature bits of common/twm.h
};

// Of a choice; for `native` the highest that this machine has (CPUID, and XCR0 for what the operating system keeps).
const CpuLevel& cpu_level(Cpu cpu);

}  // namespace twine::codegen

#include "codegen/llvm/cpu.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/twm.h"

namespace twine::codegen {
namespace {

constexpr uint64_t kFeaturesV2 = kCpuSse42 | kCpuPopcnt;
constexpr uint64_t kFeaturesV3 =
    kFeaturesV2 | kCpuAvx | kCpuAvx2 | kCpuBmi1 | kCpuBmi2 | kCpuFma | kCpuLzcnt | kCpuMovbe | kCpuF16c;
constexpr uint64_t kFeaturesV4 = kFeaturesV3 | kCpuAvx512;

constexpr std::array<CpuLevel, 3> kLevels = {{
    {Cpu::x86_64_v2, "x86-64-v2", kFeaturesV2},
    {Cpu::x86_64_v3, "x86-64-v3", kFeaturesV3},
    {Cpu::x86_64_v4, "x86-64-v4", kFeaturesV4},
}};

const CpuLevel& host_level() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4") != 0) return kLevels[2];
  if (__builtin_cpu_supports("x86-64-v3") != 0) return kLevels[1];
  return kLevels[0];
}

}  // namespace

const CpuLevel& cpu_level(Cpu cpu) {
  if (cpu == Cpu::native) return host_level();
  return *std::ranges::find(kLevels, cpu, &CpuLevel::cpu);
}

Result<Cpu> parse_cpu(std::string_view name) {
  if (name == "native") return Cpu::native;
  for (const CpuLevel& level : kLevels) {
    if (name == level.name) return level.cpu;
  }
  return fail(
      ErrorCode::invalid_argument,
      "CPU '" + std::string(name) + "' is not known; choose native, x86-64-v2, x86-64-v3 or x86-64-v4");
}

Cpu default_cpu() {
  return host_level().cpu == Cpu::x86_64_v2 ? Cpu::x86_64_v2 : Cpu::x86_64_v3;
}

}  // namespace twine::codegen

// CPUID as a processor with SGX answers it.
//
//   leaf        answered
//   0           EAX at least 12H
//   07H.0       EBX[2] SGX and ECX[30] SGX_LC set; all else the processor's
//   12H.0       EAX: SGX1, SGX2; EBX: MISCSELECT; EDX[15:8]: log2 of the largest 64-bit enclave
//   12H.1       ATTRIBUTES that ECREATE takes: EBX:EAX flags, EDX:ECX XFRM
//   12H.2       the EPC, one section: EBX:EAX base, EDX:ECX size, both with their type 1 in the low four bits
//   12H.3…      nothing
//   all else    the processor's
// (SDM vol. 3D, "Intel SGX Resource Enumeration Leaves".)
//
// The instruction is made to trap in one of two ways: by CPUID faulting (arch_prctl ARCH_SET_CPUID) where processor and
// kernel have it, else by writing UD2 (0F 0B), which is as long, over each CPUID (0F A2) of the executable. The
// shared libraries' own are left as they are: they look for vector extensions, and some before this library starts.
#pragma once

#include <ucontext.h>

#include <csignal>
#include <cstdint>
#include <span>
#include <vector>

#include "host/emulator/platform.h"

namespace twine::host::preload {

struct CpuidRegisters {
  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
};

// What a machine with this package and EPC answers where the processor itself answers `native`.
[[nodiscard]] CpuidRegisters sgx_cpuid(uint32_t leaf, uint32_t subleaf, const CpuidRegisters& native,
                                       const emulator::Platform& platform, uint64_t epc_bytes);

// The offsets in `code` of the CPUID instructions that linear disassembly meets: 0F A2 within another instruction
// is none.
[[nodiscard]] std::vector<uint64_t> find_cpuid(std::span<const uint8_t> code);

// Makes CPUID trap, in the calling thread and all that it starts. The platform must live for ever.
void trap_cpuid(const emulator::Platform& platform, uint64_t epc_bytes);

// emulator::HostTrapHook: answers a CPUID that trapped.
bool answer_cpuid(int signal, const siginfo_t& info, ucontext_t& context);

}  // namespace twine::host::preload

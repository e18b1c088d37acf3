// Which x86-64 instructions an enclave may execute: for the software SGX, which must make the others trap, and
// for the lint of enclave images, which must find them.
//
// Source: SDM volume 3D, "Illegal Instructions Inside an Enclave" (INTEL SGX INTERACTIONS), which has three groups:
// instructions that may cause a VM exit, port I/O, and those that may change the privilege level.
//
//   class       instructions                                                                     in an enclave
//   enclu       ENCLU                                                                            a leaf function
//   illegal     CPUID GETSEC RDPMC SGDT SIDT SLDT STR VMCALL VMFUNC; IN INS OUT OUTS;            #UD
//               far CALL, JMP and RET; INT n, IRET; LFS LGS LSS; MOV to DS ES SS FS GS;
//               POP FS and GS; SYSCALL, SYSENTER
//   umip        SMSW                                                                             #GP, as UMIP makes it
//   privileged  CLI and STI, HLT, INVD, WBINVD, MOV to and from CR and DR, RDMSR, ENCLS …          #GP or #UD, as outside
//   sensitive   WRFSBASE, WRGSBASE; XRSTOR, FXRSTOR; WRPKRU; LDMXCSR is not: it is code's own      legal, but what they load
//               business                                                                         must not be the host's
//   ordinary    all others; RDTSC and RDTSCP too, which are legal since SGX2, and INT3 (#BP)
//
// Invalid in 64-bit mode, and so no instruction here: INTO, LDS, LES, POP DS, ES and SS.
#pragma once

#include <Zydis/Zydis.h>

#include <cstdint>
#include <functional>
#include <span>

namespace twine::host::x86 {

enum class InstructionClass : uint8_t { ordinary, enclu, illegal, umip, privileged, sensitive };

[[nodiscard]] InstructionClass classify(const ZydisDecodedInstruction& instruction);

// Decodes `code` linearly. Where it cannot be decoded (data, padding), decoding goes on at the next byte.
// `found` gets each instruction with its offset.
//
// Linear disassembly has limits: after data in a text section it may be out of step for a few instructions,
// and bytes that only mean an instruction when jumped into its middle are not seen.
void disassemble(std::span<const uint8_t> code,
                 const std::function<void(uint64_t offset, const ZydisDecodedInstruction&)>& found);

}  // namespace twine::host::x86

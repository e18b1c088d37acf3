#include "host/x86/enclave_instructions.h"

namespace twine::host::x86 {
namespace {

// MOV to a segment register is 8E /r; CS cannot be loaded at all.
bool loads_segment(const ZydisDecodedInstruction& instruction) {
  constexpr uint8_t kMovToSegment = 0x8e;
  return instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && instruction.opcode == kMovToSegment;
}

// POP FS is 0F A1, POP GS 0F A9.
bool pops_segment(const ZydisDecodedInstruction& instruction) {
  return instruction.opcode_map == ZYDIS_OPCODE_MAP_0F;
}

}  // namespace

InstructionClass classify(const ZydisDecodedInstruction& instruction) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_ENCLU:
      return InstructionClass::enclu;
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_GETSEC:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_VMCALL:
    case ZYDIS_MNEMONIC_VMFUNC:
    case ZYDIS_MNEMONIC_VMMCALL:  // AMD's, which Intel processors do not have
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_IRET:
    case ZYDIS_MNEMONIC_IRETD:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_LFS:
    case ZYDIS_MNEMONIC_LGS:
    case ZYDIS_MNEMONIC_LSS:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSENTER:
      return InstructionClass::illegal;
    case ZYDIS_MNEMONIC_MOV:
      if (loads_segment(instruction)) return InstructionClass::illegal;
      break;
    case ZYDIS_MNEMONIC_POP:
      if (pops_segment(instruction)) return InstructionClass::illegal;
      break;
    case ZYDIS_MNEMONIC_CALL:
    case ZYDIS_MNEMONIC_JMP:
    case ZYDIS_MNEMONIC_RET:
      if (instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) return InstructionClass::illegal;
      break;
    case ZYDIS_MNEMONIC_SMSW:
      return InstructionClass::umip;
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
    case ZYDIS_MNEMONIC_WRPKRU:
      return InstructionClass::sensitive;
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_ENCLS:
    case ZYDIS_MNEMONIC_ENCLV:
    case ZYDIS_MNEMONIC_SWAPGS:
    case ZYDIS_MNEMONIC_CLAC:
    case ZYDIS_MNEMONIC_STAC:
      return InstructionClass::privileged;
    default:
      break;
  }
  const bool privileged = (instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0;
  return privileged ? InstructionClass::privileged : InstructionClass::ordinary;
}

void disassemble(std::span<const uint8_t> code,
                 const std::function<void(uint64_t offset, const ZydisDecodedInstruction&)>& found) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  for (size_t offset = 0; offset < code.size();) {
    ZydisDecodedInstruction instruction;
    const ZyanStatus status = ZydisDecoderDecodeInstruction(&decoder, nullptr, code.data() + offset,
                                                            code.size() - offset, &instruction);
    if (!ZYAN_SUCCESS(status)) {
      ++offset;
      continue;
    }
    found(offset, instruction);
    offset += instruction.length;
  }
}

}  // namespace twine::host::x86

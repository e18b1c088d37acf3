// The lint of an enclave image: which instructions it has that an enclave may not execute, or that only chosen
// code may.
//
// Executable segments are disassembled linearly, anew from each function symbol. A finding is
//   - an instruction that faults in an enclave (host/x86/enclave_instructions.h: illegal, umip, privileged);
//   - one that is legal, but dangerous outside of the code written for it: ENCLU, WRFSBASE, WRGSBASE, XRSTOR,
//     FXRSTOR, WRPKRU;
//   - the bytes of ENCLU inside or across other instructions ("hidden-enclu"): a jump there would execute it.
// A finding must be allowed by a list that gives the reason.
//
// The list is text, one permission a line; '#' begins a comment:
//
//   SYMBOL  INSTRUCTION  REASON…
//   twine_exit  enclu  EEXIT, the only way out
//
// SYMBOL is the function's name as the linker has it, or in the source language without parameters and
// anonymous namespaces. INSTRUCTION is the mnemonic in lower case. A permission holds for every such
// instruction of the function.
//
// What it does not find: other instructions that only exist when code is entered in their middle, and those in
// data that a disassembler takes for code of another shape. The processor refuses the illegal ones all the
// same; the lint is for those who write and review the image, not a barrier.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace twine::image {

struct AllowedInstruction {
  std::string symbol;
  std::string instruction;
  std::string reason;
};

// Errors: malformed, naming `name` (the file's) and the line.
Result<std::vector<AllowedInstruction>> parse_allowed_instructions(std::string_view text,
                                                                   std::string_view name);

// The list of Twine's own image, src/enclave/allowed_instructions.txt.
Result<std::vector<AllowedInstruction>> own_allowed_instructions();

struct InstructionSite {
  uint64_t address = 0;  // offset from the enclave's base
  std::string symbol;    // as the linker has it; empty where no function is known
  uint64_t symbol_offset = 0;
  std::string instruction;
  std::string what;    // what comes of it in an enclave
  std::string reason;  // of the list; empty: not allowed

  [[nodiscard]] bool allowed() const { return !reason.empty(); }
  // "syscall at getpid+0x5 (0x18034)"
  [[nodiscard]] std::string text() const;
};

// Findings of the ELF file of an image, ascending by address. Errors: those of parse_elf_image and
// read_function_symbols.
Result<std::vector<InstructionSite>> lint_image(std::span<const uint8_t> file,
                                                std::span<const AllowedInstruction> allowed);

// One error that names every finding without a permission; nothing if there is none.
Result<void> require_allowed(std::span<const InstructionSite> sites);

}  // namespace twine::image

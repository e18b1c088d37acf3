// Changes to the loaded copy of an enclave's code, made after measurement, so that instructions that user space would execute differently trap.
//
//   instruction (host/x86/enclave_instructions.h)   silicon, in an enclave      here
//   ENCLU (0F 01 D7)                                 a leaf function             first byte becomes HLT (F4): a #GP trap,
//                                                                                three times cheaper than the #UD it would
//                                                                                raise untouched
//   class `illegal`                                  #UD                         first byte becomes HLT; the trap layer turns
//                                                                                it into #UD
//   class `umip`                                     #GP                         first byte becomes HLT
//   class `privileged`                               as outside                  nothing: it faults by itself
//
// The sites are found by linear disassembly of the executable pages. A site that is missed (code after data in a text section) still
// behaves for ENCLU, which raises #UD by itself, and for SYSCALL, which Syscall User Dispatch catches.
//
// What the enclave sees of it: while an exception at a patched site is being handled (from the AEX to the ERESUME of that frame) the original
// byte stands in memory again, so a handler that decodes the instruction at RIP finds 0F A2 and not F4 A2, as on silicon. Code added
// later (EACCEPTCOPY, EMODPE) is not patched.
#pragma once

#include <cstdint>
#include <vector>

#include "host/x86/enclave_instructions.h"

namespace twine::host::emulator {

class Enclave;

class TextPatches {
 public:
  struct Site {
    uint64_t address;
    uint8_t original;            // the byte that HLT replaced
    x86::InstructionClass kind;  // enclu, illegal or umip
  };

  // Disassembles and patches every executable page. False: the memory could not be written.
  [[nodiscard]] bool apply(Enclave& enclave);

  // The site at `address`, or null.
  [[nodiscard]] const Site* find(uint64_t address) const;

  // For a debugger: the eight bytes read at `address` as they would stand there unpatched, and eight bytes to be
  // written there with the patches kept.
  void conceal(uint64_t address, uint64_t& bytes) const;
  void restore(uint64_t address, uint64_t& bytes) const;

  // Puts the original byte back for an exception handler to see, and HLT again.
  void reveal(Enclave& enclave, const Site& site) const;
  void hide(Enclave& enclave, const Site& site) const;

  [[nodiscard]] const std::vector<Site>& sites() const { return sites_; }

 private:
  // Replaces, in the eight bytes at `address`, at each site the byte `from` by `to`.
  template <typename From, typename To>
  void replace_bytes(uint64_t address, uint64_t& bytes, From from, To to) const;

  void add_sites(uint64_t address, std::vector<uint8_t> code);

  std::vector<Site> sites_;  // by address
};

}  // namespace twine::host::emulator

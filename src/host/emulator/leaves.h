// The leaf functions of ENCLS and ENCLU, as the SDM's "SGX Instruction References" has them: the same checks
// in the same order, the same faults and error codes. Nothing here knows how an instruction was trapped or
// who asked for it.
//
// ENCLS is called by the driver model (device.h), ENCLU by the trap layer with the registers at the
// instruction in Processor::registers. The enclave's lock is held by the caller, except where an enclave is
// not yet known.
//
// Differences from silicon, all forced by running in user space, are listed in docs/emulation.md: physical
// addresses do not exist, so the checks "resolves within the EPC" ask whether the linear address backs a
// valid entry of this enclave; checks for concurrent use of a page (lock conflicts) cannot fire, because
// leaves are serialised by the lock; 32-bit mode and VMX do not exist.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/sgx/arch.h"
#include "host/emulator/enclave.h"
#include "host/emulator/outcome.h"
#include "host/emulator/processor.h"

namespace twine::host::emulator {

// --- ENCLS: building ------------------------------------------------------------------------------------------------

// PAGEINFO.LINADDR and SECS are zero, as the SDM demands; `page` and `secinfo` are what it points to.
Outcome ecreate(Enclave& enclave, const sgx::Secs& page, const sgx::Secinfo& secinfo);
Outcome eadd(Enclave& enclave, uint64_t linaddr, std::span<const uint8_t, sgx::kEpcPageSize> page,
             const sgx::Secinfo& secinfo);
// One chunk of kEextendChunk bytes at `address`.
Outcome eextend(Enclave& enclave, uint64_t address);
// `lepubkeyhash` is IA32_SGXLEPUBKEYHASH, which system software sets where launch control is flexible.
Outcome einit(Enclave& enclave, const sgx::Sigstruct& sigstruct, const sgx::Einittoken& token,
              const std::array<uint8_t, 32>& lepubkeyhash);

// --- ENCLS: SGX2 and removal ----------------------------------------------------------------------------------------

// SECINFO as Linux passes it: none, so a zeroed R|W page, pending.
Outcome eaug(Enclave& enclave, uint64_t linaddr);
Outcome emodpr(Enclave& enclave, uint64_t address, const sgx::Secinfo& secinfo);
Outcome emodt(Enclave& enclave, uint64_t address, const sgx::Secinfo& secinfo);
// ETRACK, then the inter-processor interrupts by which Linux drives all threads out: afterwards EACCEPT finds
// tracking complete.
Outcome etrack(Enclave& enclave);
Outcome eremove(Enclave& enclave, uint64_t address);
// EREMOVE of the SECS, which has no linear address.
Outcome eremove_secs(Enclave& enclave);

// --- ENCLS: debugging -----------------------------------------------------------------------------------------------

// Eight bytes of an enclave with ATTRIBUTES.DEBUG, whatever the page's permissions. Of a TCS, edbgrd reads the
// fields before the CET ones, edbgwr writes FLAGS (that is how a debugger opts a thread in). Code reads as
// measured, not as patched (text_patches.h); a breakpoint written over a patched instruction stands until the
// old byte is written back.
Outcome edbgrd(Enclave& enclave, uint64_t address, uint64_t& value);
Outcome edbgwr(Enclave& enclave, uint64_t address, uint64_t value);

// --- ENCLU: entry and exit ------------------------------------------------------------------------------------------

// RBX = TCS, RCX = AEP; registers.rip is the address after ENCLU. `enclave` is the one whose ELRANGE holds
// RBX.
Outcome eenter(Processor& processor, Enclave& enclave);
Outcome eresume(Processor& processor, Enclave& enclave);
Outcome eexit(Processor& processor);

// Why an asynchronous exit happens; `vector` absent: an interrupt, EXITINFO is not valid.
struct ExitEvent {
  bool valid = false;
  sgx::Vector vector = sgx::Vector::de;
  uint32_t error_code = 0;
  uint64_t address = 0;  // #PF

  static ExitEvent interrupt() { return {}; }
  static ExitEvent exception(sgx::Vector vector, uint32_t error_code = 0, uint64_t address = 0) {
    return {.valid = true, .vector = vector, .error_code = error_code, .address = address};
  }
};

// AEX (leaf_aex.cc): saves the state to the current SSA frame, loads the synthetic state, leaves enclave mode.
// registers.rip is then the AEP.
void asynchronous_exit(Processor& processor, const ExitEvent& event);

// What EEXIT and AEX share: the TCS is inactive; FS, GS and, after an opt-out entry, TF are as before the entry.
void leave_enclave_mode(Processor& processor);

// --- ENCLU: inside --------------------------------------------------------------------------------------------------

// Each takes its operands from RBX, RCX, RDX; RIP is not advanced. On `error`, RAX and the flags are set by
// enclu().
Outcome ereport(Processor& processor);
Outcome egetkey(Processor& processor);
Outcome eaccept(Processor& processor);
Outcome eacceptcopy(Processor& processor);
Outcome emodpe(Processor& processor);
Outcome edeccssa(Processor& processor);

// ENCLU in enclave mode: carries out the leaf in EAX; #GP(0) for EENTER, ERESUME and leaves that do not exist.
// An error code is already in RAX then. After EEXIT the processor is not in enclave mode, after any other leaf
// RIP still stands at ENCLU.
Outcome enclu(Processor& processor);

// Writes the result of a leaf that reports in RAX and RFLAGS: RAX = error code, ZF = 1 on error; CF, PF, AF,
// OF, SF cleared.
void set_result(Registers& registers, const Outcome& outcome);

}  // namespace twine::host::emulator

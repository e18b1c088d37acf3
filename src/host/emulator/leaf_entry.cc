// EENTER, ERESUME, EEXIT and the asynchronous exit (AEX): how a logical processor changes between the two
// modes.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "host/emulator/leaves.h"

namespace twine::host::emulator {

using sgx::kEpcPageSize;
using sgx::PageType;

namespace {

// The largest SSA frame that a legal SECS can need here: XSAVE components up to PKRU.
constexpr uint64_t kMaxXsaveSize = 4096;

// RFLAGS bits that ERESUME takes from the SSA; the others keep their value.
constexpr uint64_t kRestoredFlags = kFlagsStatus | kFlagRf | (uint64_t{1} << 10) /* DF */ |
                                    (uint64_t{1} << 14) /* NT */ | (uint64_t{1} << 18) /* AC */ |
                                    (uint64_t{1} << 21) /* ID */;

// The checks that EENTER and ERESUME share up to the SSA (SDM order). `tcs_address` is RBX.
Outcome check_tcs(const Processor& processor, Enclave& enclave, uint64_t tcs_address) {
  if (tcs_address % kEpcPageSize != 0) return general_protection();
  if (!enclave.in_elrange(tcs_address)) return page_fault(tcs_address, sgx::kPagefaultUser);
  if (!is_canonical(processor.registers.rcx)) return general_protection();
  const EpcmEntry& entry = enclave.epcm.at(tcs_address);
  if (!entry.valid) return page_fault(tcs_address, sgx::kPagefaultUser);
  if (entry.blocked) return epcm_fault(tcs_address);
  if (!entry.is(PageType::tcs)) return epcm_fault(tcs_address);
  if (entry.pending || entry.modified) return epcm_fault(tcs_address);
  // The page tables must lead there; silicon finds that out when it resolves RBX.
  if (enclave.memory.vma_protection(tcs_address) == 0) return page_fault(tcs_address, sgx::kPagefaultUser);

  const sgx::Tcs& tcs = enclave.tcs_at(tcs_address).tcs;
  if (tcs.ossa % kEpcPageSize != 0) return general_protection();
  if (tcs.ofsbasgx % kEpcPageSize != 0 || tcs.ogsbasgx % kEpcPageSize != 0) return general_protection();
  return done();
}

// The second half of the shared checks: what the enclave must be.
Outcome check_secs(const Enclave& enclave, const sgx::Tcs& tcs) {
  if ((tcs.flags & ~sgx::kTcsDbgoptin) != 0) return general_protection();
  if (!enclave.initialised()) return general_protection();
  const uint64_t xfrm = enclave.secs.attributes.xfrm;
  if ((xfrm & enclave.platform.xsave().xcr0()) != xfrm) return general_protection();
  return done();
}

// The pages of one SSA frame: those of the XSAVE area, then the one of GPRSGX. All must be readable and
// writable for the enclave.
Outcome check_ssa(Enclave& enclave, uint64_t frame) {
  const uint64_t xsave_size = enclave.platform.xsave().size(enclave.secs.attributes.xfrm);
  const auto check_page = [&](uint64_t address) -> Outcome {
    if (!enclave.in_elrange(address)) return page_fault(address, sgx::kPagefaultUser);
    const EpcmEntry& entry = enclave.epcm.at(address);
    if (entry.valid && !entry.is(PageType::reg)) return epcm_fault(address);
    TWINE_SGX_CHECK(enclave.access(address, Access::read));
    return enclave.access(address, Access::write);
  };
  for (uint64_t page = frame; page < frame + xsave_size; page += kEpcPageSize)
    TWINE_SGX_CHECK(check_page(page));
  return check_page(frame + sgx::ssa_gpr_offset(enclave.secs.ssaframesize));
}

void enter_enclave_mode(Processor& processor, Enclave& enclave, TcsState& state) {
  state.active = true;
  state.tcs.aep = processor.registers.rcx;
  processor.enclave = &enclave;
  processor.tcs = &state;
  processor.save_fs = processor.registers.fsbase;
  processor.save_gs = processor.registers.gsbase;
}

// Opt-out entry: single stepping outside does not step through the enclave.
void suppress_trap_flag(Processor& processor, const TcsState& state) {
  processor.debug_optin = (state.tcs.flags & sgx::kTcsDbgoptin) != 0;
  processor.save_tf = (processor.registers.rflags & kFlagTf) != 0;
  if (!processor.debug_optin) processor.registers.rflags &= ~kFlagTf;
}

void leave_enclave_mode(Processor& processor) {
  processor.tcs->active = false;
  processor.enclave = nullptr;
  processor.tcs = nullptr;
  processor.registers.fsbase = processor.save_fs;
  processor.registers.gsbase = processor.save_gs;
  if (!processor.debug_optin && processor.save_tf) processor.registers.rflags |= kFlagTf;
}

// EXITINFO for an event, 0 (not valid) where MISCSELECT does not allow it to be reported.
uint32_t exitinfo(const ExitEvent& event, uint32_t miscselect) {
  if (!event.valid) return 0;
  const bool needs_exinfo = event.vector == sgx::Vector::pf || event.vector == sgx::Vector::gp;
  if (needs_exinfo && (miscselect & sgx::kMiscExinfo) == 0) return 0;
  const uint32_t type =
      event.vector == sgx::Vector::bp ? sgx::kExitinfoTypeSoftware : sgx::kExitinfoTypeHardware;
  return sgx::kExitinfoValid | type | static_cast<uint32_t>(event.vector);
}

}  // namespace

Outcome eenter(Processor& processor, Enclave& enclave) {
  const uint64_t tcs_address = processor.registers.rbx;
  TWINE_SGX_CHECK(check_tcs(processor, enclave, tcs_address));
  TcsState& state = enclave.tcs_at(tcs_address);
  const sgx::Secs& secs = enclave.secs;
  const uint64_t fsbase = state.tcs.ofsbasgx + secs.baseaddr;
  const uint64_t gsbase = state.tcs.ogsbasgx + secs.baseaddr;
  if (!is_canonical(fsbase) || !is_canonical(gsbase)) return general_protection();
  TWINE_SGX_CHECK(check_secs(enclave, state.tcs));
  if (state.tcs.cssa >= state.tcs.nssa) return general_protection();
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa);
  TWINE_SGX_CHECK(check_ssa(enclave, frame));
  const uint64_t target = state.tcs.oentry + secs.baseaddr;
  if (!is_canonical(target)) return general_protection();
  if (state.active) return general_protection();

  enter_enclave_mode(processor, enclave, state);
  Registers& registers = processor.registers;
  registers.rcx = registers.rip;
  registers.rip = target;
  registers.rax = state.tcs.cssa;
  const uint64_t gpr = frame + sgx::ssa_gpr_offset(secs.ssaframesize);
  const uint64_t outside[2] = {registers.rsp, registers.rbp};
  static_assert(offsetof(sgx::SsaGpr, urbp) == offsetof(sgx::SsaGpr, ursp) + 8);
  if (!enclave.memory.write(gpr + offsetof(sgx::SsaGpr, ursp), outside, sizeof outside))
    std::abort();  // checked above
  registers.fsbase = fsbase;
  registers.gsbase = gsbase;
  suppress_trap_flag(processor, state);
  enclave.counters.enters.fetch_add(1, std::memory_order_relaxed);
  return done();
}

Outcome eresume(Processor& processor, Enclave& enclave) {
  const uint64_t tcs_address = processor.registers.rbx;
  TWINE_SGX_CHECK(check_tcs(processor, enclave, tcs_address));
  TcsState& state = enclave.tcs_at(tcs_address);
  TWINE_SGX_CHECK(check_secs(enclave, state.tcs));
  if (state.tcs.cssa == 0) return general_protection();
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa - 1);
  TWINE_SGX_CHECK(check_ssa(enclave, frame));

  sgx::SsaGpr gpr{};
  if (!enclave.memory.read(frame + sgx::ssa_gpr_offset(enclave.secs.ssaframesize), &gpr, sizeof gpr))
    std::abort();  // checked above
  if (!is_canonical(gpr.rip)) return general_protection();
  if (!is_canonical(gpr.fsbase) || !is_canonical(gpr.gsbase)) return general_protection();
  if (state.active) return general_protection();
  uint8_t xsave[kMaxXsaveSize];
  const uint64_t xfrm = enclave.secs.attributes.xfrm;
  const uint64_t xsave_size = enclave.platform.xsave().size(xfrm);
  if (xsave_size > sizeof xsave || !enclave.memory.read(frame, xsave, xsave_size)) std::abort();
  TWINE_SGX_CHECK(processor.extended.restore(enclave.platform.xsave(), xfrm, xsave));

  enter_enclave_mode(processor, enclave, state);
  Registers& registers = processor.registers;
  const uint64_t flags = (registers.rflags & ~kRestoredFlags) | (gpr.rflags & kRestoredFlags);
  const uint64_t trap_flag = gpr.rflags & kFlagTf;
  static_assert(offsetof(Registers, rflags) == offsetof(sgx::SsaGpr, rflags));
  std::memcpy(&registers, &gpr, offsetof(sgx::SsaGpr, rflags));
  registers.rip = gpr.rip;
  registers.fsbase = gpr.fsbase;
  registers.gsbase = gpr.gsbase;
  registers.rflags = flags;
  suppress_trap_flag(processor, state);
  if (processor.debug_optin) registers.rflags = (registers.rflags & ~kFlagTf) | trap_flag;
  --state.tcs.cssa;
  enclave.counters.resumes.fetch_add(1, std::memory_order_relaxed);
  return done();
}

Outcome eexit(Processor& processor) {
  Registers& registers = processor.registers;
  if (!is_canonical(registers.rbx)) return general_protection();
  registers.rip = registers.rbx;
  registers.rcx = processor.tcs->tcs.aep;
  processor.enclave->counters.exits.fetch_add(1, std::memory_order_relaxed);
  leave_enclave_mode(processor);
  return done();
}

void asynchronous_exit(Processor& processor, const ExitEvent& event) {
  Enclave& enclave = *processor.enclave;
  TcsState& state = *processor.tcs;
  Registers& registers = processor.registers;
  const sgx::Secs& secs = enclave.secs;
  const uint64_t frame = enclave.ssa_frame(state.tcs, state.tcs.cssa);
  const uint64_t gpr_address = frame + sgx::ssa_gpr_offset(secs.ssaframesize);

  sgx::SsaGpr gpr{};
  const bool have_outside =
      enclave.memory.read(gpr_address, &gpr, sizeof gpr);  // URSP and URBP stay as EENTER left them
  std::memcpy(&gpr, &registers, offsetof(sgx::SsaGpr, rflags));
  gpr.rflags = registers.rflags;
  gpr.rip = registers.rip;
  gpr.exitinfo = exitinfo(event, secs.miscselect);
  gpr.aexnotify = 0;
  gpr.fsbase = registers.fsbase;
  gpr.gsbase = registers.gsbase;

  uint8_t xsave[kMaxXsaveSize];
  const uint64_t xfrm = secs.attributes.xfrm;
  const uint64_t xsave_size = enclave.platform.xsave().size(xfrm);
  // SSA pages were checked at entry and silicon keeps their physical addresses: they can be written even if
  // the host has since taken away the mapping.
  bool saved = have_outside && xsave_size <= sizeof xsave && enclave.memory.read(frame, xsave, xsave_size);
  if (saved) {
    processor.extended.save(enclave.platform.xsave(), xfrm, xsave);
    saved =
        enclave.memory.write(frame, xsave, xsave_size) && enclave.memory.write(gpr_address, &gpr, sizeof gpr);
  }
  if (saved && (secs.miscselect & sgx::kMiscExinfo) != 0 && event.valid &&
      (event.vector == sgx::Vector::pf || event.vector == sgx::Vector::gp)) {
    const sgx::ExInfo exinfo{.maddr = event.vector == sgx::Vector::pf ? event.address : 0,
                             .errcd = event.error_code,
                             .reserved = 0};
    saved = enclave.memory.write(frame + sgx::ssa_exinfo_offset(secs.ssaframesize), &exinfo, sizeof exinfo);
  }
  if (!saved) std::abort();  // the reservation itself is gone: the process unmapped memory it does not own

  // SDM "Synthetic State on Asynchronous Enclave Exit".
  const uint64_t tcs_address = state.address;
  const uint64_t aep = state.tcs.aep;
  const uint64_t flags = registers.rflags & ~(kFlagsStatus | kFlagRf);
  ++state.tcs.cssa;
  leave_enclave_mode(processor);
  const uint64_t fsbase = registers.fsbase;
  const uint64_t gsbase = registers.gsbase;
  const bool trap_flag = (registers.rflags & kFlagTf) != 0;
  registers = Registers{};
  registers.rax = static_cast<uint64_t>(sgx::Enclu::eresume);
  registers.rbx = tcs_address;
  registers.rcx = aep;
  registers.rsp = gpr.ursp;
  registers.rbp = gpr.urbp;
  registers.rip = aep;
  registers.rflags = (flags & ~kFlagTf) | (trap_flag ? kFlagTf : 0);
  registers.fsbase = fsbase;
  registers.gsbase = gsbase;
  processor.extended.initialise(xfrm);
  enclave.counters.asynchronous_exits.fetch_add(1, std::memory_order_relaxed);
  if (!event.valid) enclave.counters.interrupts.fetch_add(1, std::memory_order_relaxed);
}

void set_result(Registers& registers, const Outcome& outcome) {
  registers.rflags &= ~kFlagsStatus;
  registers.rax = static_cast<uint64_t>(outcome.error);
  if (outcome.kind == Outcome::Kind::error) registers.rflags |= kFlagZf;
}

}  // namespace twine::host::emulator
